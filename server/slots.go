package server

// slots bound how much is under way at a time.
type slots chan struct{}

// begin takes a slot; false if all are taken. Every true goes with one end.
func (s slots) begin() bool {
	select {
	case s <- struct{}{}:
		return true
	default:
		return false
	}
}

func (s slots) end() { <-s }
