package server

import (
	"net/http"

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

// admitted answers a request that is not to be answered otherwise; false then.
// Operations are always admitted: whoever looks after a service in distress has
// to see it.
func (s *Server) admitted(w http.ResponseWriter, r *http.Request) (status int, ok bool) {
	if s.admission.memory != nil && s.admission.memory.full() {
		s.metrics.shed[shedMemory].Inc()
		return s.failWith(w, api.CodeOverloaded, "there is not enough memory left to answer now; come back in a moment"), false
	}
	if c := s.admission.clients; c != nil {
		if wait, ok := c.allow(s.clientOf(r)); !ok {
			s.metrics.shed[shedClient].Inc()
			w.Header()["Retry-After"] = seconds(wait)
			return s.failWith(w, api.CodeOverloaded, "you ask more often than %g times a second; keep the ETag, or follow /v1/events", float64(c.rate)), false
		}
	}
	return 0, true
}

// guarded puts admission before an endpoint, where there is any.
func (s *Server) guarded(answer endpoint) endpoint {
	if s.admission == (admission{}) {
		return answer
	}
	return func(w http.ResponseWriter, r *http.Request) int {
		if status, ok := s.admitted(w, r); !ok {
			return status
		}
		return answer(w, r)
	}
}
