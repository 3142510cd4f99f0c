package server

import (
	"fmt"
	"net/http"
	"time"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// Why a request is turned away before anybody looks at it.
const (
	shedClient = "client" // it asks too often
	shedMemory = "memory" // there is not much left
)

// admission turns requests away before they cost anything. What does not bound
// anything is nil.
type admission struct {
	clients *clientLimits
	memory  *memoryGate
}

// admitted tells whether a request is to be answered; if it is not, why, and when to
// come back (0 is as always). Operations are always admitted: whoever looks after a
// service in distress has to see it.
func (s *Server) admitted(r *http.Request) (why string, wait time.Duration, ok bool) {
	if s.admission.memory != nil && s.admission.memory.full() {
		s.metrics.shed[shedMemory].Inc()
		return "there is not enough memory left to answer now; come back in a moment", 0, false
	}
	if c := s.admission.clients; c != nil {
		if wait, ok := c.allow(s.clientOf(r)); !ok {
			s.metrics.shed[shedClient].Inc()
			return fmt.Sprintf("you ask more often than %g times a second; keep the ETag, or follow /v1/events", float64(c.rate)), wait, false
		}
	}
	return "", 0, true
}

// guarded puts admission before an endpoint of the API, where there is any.
func (s *Server) guarded(answer endpoint) endpoint {
	return s.guardedBy(answer, func(w http.ResponseWriter, _ *http.Request, why string, wait time.Duration) int {
		if wait > 0 {
			w.Header()["Retry-After"] = seconds(wait)
		}
		return s.failWith(w, api.CodeOverloaded, "%s", why)
	})
}

// guardedBy is [Server.guarded] with an answer of its own to who is turned away.
func (s *Server) guardedBy(answer endpoint, turnAway func(w http.ResponseWriter, r *http.Request, why string, wait time.Duration) int) endpoint {
	if s.admission == (admission{}) {
		return answer
	}
	return func(w http.ResponseWriter, r *http.Request) int {
		if why, wait, ok := s.admitted(r); !ok {
			return turnAway(w, r, why, wait)
		}
		return answer(w, r)
	}
}
