package server

import "github.com/prometheus/client_golang/prometheus"

// What becomes of a webhook.
const (
	eventHeeded       = "heeded"  // its project is looked at
	eventIgnored      = "ignored" // it names no project
	eventDropped      = "dropped" // too many wait: the next round finds it
	eventUnreadable   = "unreadable"
	eventUnauthorized = "unauthorized"
)

// newEvents counts webhooks. All outcomes are there from the start, so that a
// first one shows as a step.
func newEvents() *prometheus.CounterVec {
	events := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "bayplan_webhook_events_total", Help: "Events from Harbor, by what became of them.",
	}, []string{"outcome"})
	for _, outcome := range []string{eventHeeded, eventIgnored, eventDropped, eventUnreadable, eventUnauthorized} {
		events.WithLabelValues(outcome)
	}
	return events
}

// event counts one webhook by what became of it.
func (m *Metrics) event(outcome string) { m.events.WithLabelValues(outcome).Inc() }
