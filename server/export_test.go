package server

import (
	"strings"
	"time"

	"github.com/gorilla/mux"
)

// KeepRecords sets how many user-built images the complete list may have to be
// kept as bytes, in place of 20,000.
func (s *Server) KeepRecords(most int) { s.keptRecords = most }

// TakeStreams takes all slots of streams, and gives a function that frees them.
func (s *Server) TakeStreams() (free func()) {
	for s.streams.begin() {
	}
	return func() {
		for range cap(s.streams) {
			s.streams.end()
		}
	}
}

// List gives what stands for the body of the complete list: the same as long as
// no byte of it changes.
func (s *Server) List() any { return s.pages.Load().complete.get(s.keptRecords).body }

// LastEvent gives the id of the newest event on the stream of a project's tool,
// or on the public one for "".
func (s *Server) LastEvent(project string) string {
	at, _ := s.journal.end(audience(project))
	return strings.TrimSuffix(strings.TrimPrefix(string(appendID(nil, at.epoch, at.count)), "id: "), "\n")
}

// KeepChanges sets how many changes are kept for readers, in place of 10,000,
// and how many bytes of them, in place of 16 MiB.
func (s *Server) KeepChanges(most, bytes int) { s.journal.most, s.journal.mostBytes = most, bytes }

// Pace sets how often a stream gives a sign of life at least, and how long a
// reader may take nothing. It is for before anybody reads.
func (s *Server) Pace(heartbeat, patience time.Duration) {
	s.heartbeat, s.eventPatience = heartbeat, patience
}

// LookAlways makes the gate of memory look at each request, and not every 100 ms.
func (s *Server) LookAlways() { s.admission.memory.every = 0 }

// KeepClients sets how many clients a generation remembers, in place of 10,000.
func (s *Server) KeepClients(most int) { s.admission.clients.most = most }

// Clients gives how many clients are remembered.
func (s *Server) Clients() int {
	c := s.admission.clients
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.young) + len(c.aged)
}

// Routes gives the patterns of all routes that there are.
func (s *Server) Routes() []string {
	router := s.router()
	s.dataRoutes(router)
	s.operationsRoutes(router)
	var out []string
	_ = router.Walk(func(route *mux.Route, _ *mux.Router, _ []*mux.Route) error {
		pattern, err := route.GetPathTemplate()
		out = append(out, pattern)
		return err
	})
	return out
}
