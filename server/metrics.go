package server

import (
	"log/slog"
	"net/http"
	"runtime"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
)

// levelRequest is the level at which every request is logged.
const levelRequest = slog.LevelDebug

// Metrics counts what happens, for Prometheus. Labels hold routes, hosts of the
// catalog and words of this program; never what a client sent.
type Metrics struct {
	registry *prometheus.Registry
	handler  http.Handler
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	rounds   *prometheus.CounterVec
	asking   *prometheus.HistogramVec
	events   *prometheus.CounterVec
	shed     map[string]prometheus.Counter // by reason
	build    *prometheus.GaugeVec
	readerMetrics
}

// NewMetrics makes the metrics of one process.
func NewMetrics() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "bayplan_http_requests_total", Help: "Requests answered, by route and status.",
		}, []string{"route", "status"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "bayplan_http_request_duration_seconds", Help: "Time to answer a request, by route.",
			Buckets: []float64{.0001, .0005, .001, .005, .01, .05, .1, .5, 1, 3},
		}, []string{"route"}),
		rounds: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "bayplan_source_rounds_total", Help: "Attempts to ask a source, by outcome: ok or the kind of failure.",
		}, []string{"source", "kind", "outcome"}),
		asking: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "bayplan_source_round_duration_seconds", Help: "Time that an attempt to ask a source took.",
			Buckets: []float64{.005, .01, .05, .1, .5, 1, 2, 5, 10, 30},
		}, []string{"source", "kind"}),
	}
	m.events, m.build = newEvents(), buildInfo()
	m.shed = newShed(m.registry)
	m.readerMetrics = newReaderMetrics(m.registry)
	m.registry.MustRegister(m.events, m.requests, m.duration, m.rounds, m.asking, m.build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.handler = promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError})
	return m
}

// Round counts one attempt at a source; it fits resolver.Options.Observe.
func (m *Metrics) Round(r resolver.Round) {
	outcome := "ok"
	if r.Err != nil {
		outcome = codeOf(r.Err)
	}
	source := sourceLabel(r.Source, r.Kind)
	m.rounds.WithLabelValues(source, r.Kind, outcome).Inc()
	m.asking.WithLabelValues(source, r.Kind).Observe(r.Duration.Seconds())
}

// watch adds what is read from a server when metrics are asked for.
func (m *Metrics) watch(s *Server) error { return m.registry.Register(&stateCollector{server: s}) }

// routeCounts are the metrics of one route, looked up beforehand so that
// counting a request allocates nothing.
type routeCounts struct {
	byStatus map[int]prometheus.Counter
	other    func(status int) prometheus.Counter
	duration prometheus.Observer // nil where it depends on the reader alone
}

func (m *Metrics) route(name string) *routeCounts {
	c := &routeCounts{
		byStatus: map[int]prometheus.Counter{},
		other: func(status int) prometheus.Counter {
			return m.requests.WithLabelValues(name, strconv.Itoa(status))
		},
	}
	for _, status := range []int{http.StatusOK, http.StatusNotModified} {
		c.byStatus[status] = c.other(status)
	}
	if name != eventsPath && name != toolEventsPath {
		c.duration = m.duration.WithLabelValues(name)
	}
	return c
}

func (c *routeCounts) observe(status int, took time.Duration) {
	counter, ok := c.byStatus[status]
	if !ok {
		counter = c.other(status)
	}
	counter.Inc()
	if c.duration != nil {
		c.duration.Observe(took.Seconds())
	}
}

// buildInfo says what Go knows of the build, until SetVersion does better.
func buildInfo() *prometheus.GaugeVec {
	version := "unknown"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		version = info.Main.Version
	}
	gauge := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "bayplan_build_info", Help: "Always 1; the labels say what was built, and with which Go.",
	}, []string{"version", "goversion"})
	gauge.WithLabelValues(version, runtime.Version()).Set(1)
	return gauge
}

// SetVersion says which version the program calls itself.
func (m *Metrics) SetVersion(version string) {
	m.build.Reset()
	m.build.WithLabelValues(version, runtime.Version()).Set(1)
}
