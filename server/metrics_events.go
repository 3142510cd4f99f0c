package server

// event counts one webhook by what became of it.
func (m *Metrics) event(outcome string) { m.events.WithLabelValues(outcome).Inc() }
