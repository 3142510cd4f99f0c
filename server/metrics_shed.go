package server

import "github.com/prometheus/client_golang/prometheus"

// newShed counts requests that were turned away. Both reasons are there from the
// start, so that a first one shows as a step.
func newShed(registry *prometheus.Registry) map[string]prometheus.Counter {
	shed := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "bayplan_http_requests_shed_total", Help: "Requests turned away, by reason: a client asks too often, or memory is short.",
	}, []string{"reason"})
	registry.MustRegister(shed)
	out := map[string]prometheus.Counter{}
	for _, reason := range []string{shedClient, shedMemory} {
		out[reason] = shed.WithLabelValues(reason)
	}
	return out
}
