package server

import (
	"github.com/prometheus/client_golang/prometheus"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
)

// stateCollector reads what is served, and how the sources fare, at the moment
// when metrics are asked for.
type stateCollector struct{ server *Server }

var (
	imagesDesc  = prometheus.NewDesc("bayplan_images", "Images of the snapshot, by type, state and whether the registry has them.", []string{"type", "state", "exists"}, nil)
	createdDesc = prometheus.NewDesc("bayplan_snapshot_created_timestamp_seconds", "When the snapshot that is served was made.", nil, nil)
	catalogDesc = prometheus.NewDesc("bayplan_catalog_info", "Always 1; the labels say which catalog is served.", []string{"version", "digest"}, nil)
	refusedDesc = prometheus.NewDesc("bayplan_catalog_refused", "1 while a catalog that was met is refused, by the kind of reason.", []string{"code"}, nil)
	upDesc      = prometheus.NewDesc("bayplan_source_up", "Whether the last attempt at a source succeeded.", []string{"source", "kind"}, nil)
	successDesc = prometheus.NewDesc("bayplan_source_last_success_timestamp_seconds", "When a source last answered completely; 0 if never.", []string{"source", "kind"}, nil)
	staleDesc   = prometheus.NewDesc("bayplan_source_stale", "Whether a source's last good answer is served because it does not answer now.", []string{"source", "kind"}, nil)
)

// Describe implements prometheus.Collector.
func (c *stateCollector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{imagesDesc, createdDesc, catalogDesc, refusedDesc, upDesc, successDesc, staleDesc} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (c *stateCollector) Collect(out chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	if p := c.server.pages.Load(); p != nil {
		for key, count := range countImages(p.snapshot) {
			gauge(imagesDesc, float64(count), key.kind, key.state, key.exists)
		}
		gauge(createdDesc, float64(p.snapshot.CreatedAt.UnixMilli())/1000)
	}
	status := c.server.view.Status()
	if status.Served != nil {
		gauge(catalogDesc, 1, status.Served.Chart.Metadata.Version, status.Served.Offer.Digest)
	}
	if status.Refused != nil {
		gauge(refusedDesc, 1, codeOf(status.Refused.Err))
	}
	for _, s := range status.Sources {
		collectSource(gauge, s)
	}
}

func collectSource(gauge func(*prometheus.Desc, float64, ...string), s resolver.SourceStatus) {
	last := 0.0
	if !s.LastSuccess.IsZero() {
		last = float64(s.LastSuccess.UnixMilli()) / 1000
	}
	name := sourceLabel(s.Name, s.Kind)
	gauge(upDesc, number(!s.LastAttempt.IsZero() && s.Err == nil), name, s.Kind)
	gauge(successDesc, last, name, s.Kind)
	gauge(staleDesc, number(s.Stale), name, s.Kind)
}

type imageKey struct{ kind, state, exists string }

func countImages(s *snapshot.Snapshot) map[imageKey]int {
	counts := map[imageKey]int{}
	for _, i := range s.Images {
		counts[imageKey{string(i.Type), i.State, i.Exists.String()}]++
	}
	return counts
}

func number(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
