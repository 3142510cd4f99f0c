package harbortest

import (
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"sync"
)

// sessionCookie is the name of Harbor's session cookie.
const sessionCookie = "sid"

// sessionLimit bounds how many sessions are remembered; a session beyond it is
// counted and then unknown.
const sessionLimit = 1 << 20

// sessions are what Harbor would leave in its Redis: one for each call that
// sends no cookie back. A session never says who somebody is.
type sessions struct {
	mu    sync.Mutex
	known map[string]struct{}
	made  int
}

func (s *sessions) init() { s.known = map[string]struct{}{} }

// set gives every answer the cookie of its session, a new one if need be.
func (s *sessions) set(w http.ResponseWriter, r *http.Request) {
	id := ""
	if cookie, err := r.Cookie(sessionCookie); err == nil {
		id = cookie.Value
	}
	s.mu.Lock()
	if _, ok := s.known[id]; !ok {
		id = randomHex(16)
		s.made++
		if len(s.known) < sessionLimit {
			s.known[id] = struct{}{}
		}
	}
	s.mu.Unlock()
	w.Header().Add("Set-Cookie", sessionCookie+"="+id+"; Path=/; HttpOnly")
}

// Sessions tells how many sessions were made, which is how many calls came
// without a session's cookie.
func (h *Harbor) Sessions() int {
	h.sessions.mu.Lock()
	defer h.sessions.mu.Unlock()
	return h.sessions.made
}

// requestID gives the answer the caller's request id, or one of its own.
func requestID(w http.ResponseWriter, r *http.Request) {
	id := r.Header.Get("X-Request-Id")
	if id == "" {
		id = uuid()
	}
	w.Header().Set("X-Request-Id", id)
}

func randomHex(bytes int) string {
	raw := make([]byte, bytes)
	_, _ = rand.Read(raw) // crypto/rand does not fail
	return hex.EncodeToString(raw)
}

// uuid makes a random name in the form that Harbor uses for requests and events.
func uuid() string {
	s := randomHex(16)
	return s[:8] + "-" + s[8:12] + "-4" + s[13:16] + "-a" + s[17:20] + "-" + s[20:]
}
