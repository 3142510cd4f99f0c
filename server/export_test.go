package server

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
