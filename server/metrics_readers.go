package server

import (
	"github.com/prometheus/client_golang/prometheus"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// readerMetrics count those who follow events, and what they are told.
type readerMetrics struct {
	ofPublic, ofTools prometheus.Gauge
	readersDropped    prometheus.Counter
	eventsSent        map[string]prometheus.Counter // by event
}

// newReaderMetrics makes them all from the start, so that a first one shows as a
// step.
func newReaderMetrics(registry *prometheus.Registry) readerMetrics {
	readers := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "bayplan_event_readers", Help: "Readers of events now, by whose stream it is: public or tool.",
	}, []string{"stream"})
	sent := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "bayplan_events_sent_total", Help: "Events sent to readers, by event; each reader counts.",
	}, []string{"event"})
	m := readerMetrics{
		ofPublic: readers.WithLabelValues("public"), ofTools: readers.WithLabelValues("tool"),
		readersDropped: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "bayplan_event_readers_dropped_total", Help: "Readers of events that were cut off because they took nothing.",
		}),
		eventsSent: map[string]prometheus.Counter{},
	}
	for _, event := range []string{
		api.EventStart, api.EventReset, api.EventAdded, api.EventChanged, api.EventRemoved, api.EventSource, api.EventMessages,
	} {
		m.eventsSent[event] = sent.WithLabelValues(event)
	}
	registry.MustRegister(readers, sent, m.readersDropped)
	return m
}

// reading counts a reader until it calls what it is given.
func (m *readerMetrics) reading(to audience) (gone func()) {
	gauge := m.ofTools
	if to == anybody {
		gauge = m.ofPublic
	}
	gauge.Inc()
	return gauge.Dec
}

func (m *readerMetrics) sent(event string) { m.eventsSent[event].Inc() }
