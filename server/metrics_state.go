package server

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
)

// stateCollector reads what is served, and how the sources fare, at the moment
// when metrics are asked for.
type stateCollector struct{ server *Server }

var (
	imagesDesc    = prometheus.NewDesc("bayplan_images", "Images of the snapshot, by type, state and whether the registry has them; private projects are left out.", []string{"type", "state", "exists"}, nil)
	createdDesc   = prometheus.NewDesc("bayplan_snapshot_created_timestamp_seconds", "When something last changed for everybody.", nil, nil)
	catalogDesc   = prometheus.NewDesc("bayplan_catalog_info", "Always 1; the labels say which catalog is served.", []string{"version", "digest"}, nil)
	verifiedDesc  = prometheus.NewDesc("bayplan_catalog_verified", "Whether a key of the keyring vouches for the served catalog; absent without a keyring.", nil, nil)
	driftDesc     = prometheus.NewDesc("bayplan_drift", "What the catalog and the registries disagree about, by reason; private projects are left out.", []string{"reason"}, nil)
	publishedDesc = prometheus.NewDesc("bayplan_catalog_published_timestamp_seconds", "When the served catalog was published, as its manifest says; absent where it does not.", nil, nil)
	frozenDesc    = prometheus.NewDesc("bayplan_catalog_frozen", "1 while the served catalog, which a range or moving tag leads to, is older than is allowed (--catalog-max-age).", nil, nil)
	refusedDesc   = prometheus.NewDesc("bayplan_catalog_refused", "1 while a catalog that was met is refused, by the kind of reason.", []string{"code"}, nil)
	upDesc        = prometheus.NewDesc("bayplan_source_up", "Whether the last attempt at a source succeeded.", []string{"source", "kind"}, nil)
	successDesc   = prometheus.NewDesc("bayplan_source_last_success_timestamp_seconds", "When a source last answered completely; 0 if never.", []string{"source", "kind"}, nil)
	toolsDesc     = prometheus.NewDesc("bayplan_users_tools", "Tools that have repositories that anyone may see.", []string{"source"}, nil)
	reposDesc     = prometheus.NewDesc("bayplan_users_repositories", "Repositories of tools that anyone may see.", []string{"source"}, nil)
	leftOutDesc   = prometheus.NewDesc("bayplan_users_left_out_projects", "Projects that are left out because their names are no tool's; private ones are in the log alone.", []string{"source"}, nil)
	deniedDesc    = prometheus.NewDesc("bayplan_users_denied_projects", "Projects that are listed and may not be read: what was known of them stands; private ones are in the log alone.", []string{"source"}, nil)
	failingDesc   = prometheus.NewDesc("bayplan_users_failing_projects", "Projects that could not be read while others could: what was known of them stands; private ones are in the log alone.", []string{"source"}, nil)
	sweepDesc     = prometheus.NewDesc("bayplan_users_last_sweep_timestamp_seconds", "When all repositories were last listed; 0 if never.", []string{"source"}, nil)
	writtenDesc   = prometheus.NewDesc("bayplan_state_last_write_timestamp_seconds", "When the last good state was last written to disk; 0 if never; absent where none is kept.", nil, nil)
	writableDesc  = prometheus.NewDesc("bayplan_state_writable", "Whether the last attempt to write the state to disk succeeded; absent before the first.", nil, nil)
	bytesDesc     = prometheus.NewDesc("bayplan_state_bytes", "How large the state was that was last written; absent before the first.", nil, nil)
	staleDesc     = prometheus.NewDesc("bayplan_source_stale", "Whether a source's last good answer is served because it does not answer now.", []string{"source", "kind"}, nil)
)

// Describe implements prometheus.Collector.
func (c *stateCollector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{imagesDesc, createdDesc, catalogDesc, verifiedDesc, publishedDesc, frozenDesc, driftDesc, refusedDesc, upDesc, successDesc, staleDesc, toolsDesc, reposDesc, leftOutDesc, deniedDesc, failingDesc, sweepDesc, writtenDesc, writableDesc, bytesDesc} {
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
		for reason, count := range p.drift.get().counts {
			gauge(driftDesc, float64(count), string(reason))
		}
		gauge(createdDesc, float64(c.server.lastPublic.Load().at.UnixMilli())/1000)
	}
	status := c.server.view.Status()
	if status.Served != nil {
		gauge(catalogDesc, 1, status.Served.Chart.Metadata.Version, status.Served.Offer.Digest)
		gauge(frozenDesc, number(status.Frozen != nil))
		if at := status.Served.Published(); !at.IsZero() {
			gauge(publishedDesc, seconds1970(at))
		}
		if s := status.Served.Offer.Signature; s.Checked {
			gauge(verifiedDesc, number(s.By != nil))
		}
	}
	if status.Refused != nil {
		gauge(refusedDesc, 1, codeOf(status.Refused.Err))
	}
	for _, s := range status.Sources {
		collectSource(gauge, s)
	}
	collectKept(gauge, status.Kept)
}

// collectKept tells how the state on disk fares.
func collectKept(gauge func(*prometheus.Desc, float64, ...string), kept *resolver.KeptStatus) {
	if kept == nil {
		return
	}
	gauge(writtenDesc, seconds1970(kept.LastSuccess))
	if !kept.LastAttempt.IsZero() {
		gauge(writableDesc, number(kept.Err == nil))
	}
	if !kept.LastSuccess.IsZero() {
		gauge(bytesDesc, float64(kept.Bytes))
	}
}

func collectSource(gauge func(*prometheus.Desc, float64, ...string), s resolver.SourceStatus) {
	name := sourceLabel(s.Name, s.Kind)
	gauge(upDesc, number(!s.LastAttempt.IsZero() && s.Err == nil), name, s.Kind)
	gauge(successDesc, seconds1970(s.LastSuccess), name, s.Kind)
	gauge(staleDesc, number(s.Stale), name, s.Kind)
	if u := s.Users; u != nil {
		gauge(toolsDesc, float64(u.Public.Tools), name)
		gauge(reposDesc, float64(u.Public.Repositories), name)
		gauge(leftOutDesc, float64(u.LeftOut), name)
		gauge(deniedDesc, float64(u.PublicDenied), name)
		gauge(failingDesc, float64(u.PublicFailing), name)
		gauge(sweepDesc, seconds1970(u.LastSweep), name)
	}
}

// seconds1970 writes a time as Prometheus does; 0 for never.
func seconds1970(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}

type imageKey struct{ kind, state, exists string }

// countImages leaves out those of private projects: metrics are open to many, and
// a number that grows tells of a push.
func countImages(s *snapshot.Snapshot) map[imageKey]int {
	counts := map[imageKey]int{}
	if view := s.Users.View; view != nil {
		built := func(state string, n int) {
			counts[imageKey{string(snapshot.Buildservice), state, fact.Present.String()}] = n
		}
		built(chart.StateStable, view.Public.Images-view.Public.Beta-view.Public.Deprecated)
		built(chart.StateBeta, view.Public.Beta)
		built(chart.StateDeprecated, view.Public.Deprecated)
	}
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
