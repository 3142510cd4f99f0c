package server

import "github.com/prometheus/client_golang/prometheus"

// Connections adds the connections of a listener to the metrics: how many there may be
// at most, and what now gives whenever metrics are asked for: how many are in use, how
// many are kept open and ask nothing (they make room for others), and how many were cut
// off so far for what they send. Listeners are somebody else's job, so it is told here.
// A listener can be added once.
func (m *Metrics) Connections(listener string, most int, now func() (inUse, silent, cutOff int)) error {
	labels := prometheus.Labels{"listener": listener}
	return m.registry.Register(&connectionCollector{
		most: most, now: now,
		connections: prometheus.NewDesc("bayplan_http_connections",
			"Connections now, by listener and state: in_use, or silent, which is open and asks nothing.", []string{"state"}, labels),
		limit: prometheus.NewDesc("bayplan_http_connections_limit",
			"Connections that a listener has at most: silent ones make room for new ones, then these wait.", nil, labels),
		cutOff: prometheus.NewDesc("bayplan_http_connections_cut_off_total",
			"Connections that were cut off because they sent much that asks for nothing.", nil, labels),
	})
}

// connectionCollector reads the connections of one listener.
type connectionCollector struct {
	most                       int
	now                        func() (inUse, silent, cutOff int)
	connections, limit, cutOff *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (c *connectionCollector) Describe(to chan<- *prometheus.Desc) {
	to <- c.connections
	to <- c.limit
	to <- c.cutOff
}

// Collect implements prometheus.Collector.
func (c *connectionCollector) Collect(to chan<- prometheus.Metric) {
	inUse, silent, cutOff := c.now()
	to <- prometheus.MustNewConstMetric(c.connections, prometheus.GaugeValue, float64(inUse), "in_use")
	to <- prometheus.MustNewConstMetric(c.connections, prometheus.GaugeValue, float64(silent), "silent")
	to <- prometheus.MustNewConstMetric(c.limit, prometheus.GaugeValue, float64(c.most))
	to <- prometheus.MustNewConstMetric(c.cutOff, prometheus.CounterValue, float64(cutOff))
}
