package server_test

import (
	"bytes"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server"
)

// scrape reads the metrics as Prometheus does.
func (e *endpoint) scrape(t testing.TB) map[string]*dto.MetricFamily {
	t.Helper()
	a := e.get(t, "/v1/metrics")
	require.Equal(t, http.StatusOK, a.status)
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(a.body))
	require.NoError(t, err)
	return families
}

// value gives that of the one metric with these labels: name, value, …
func value(t testing.TB, families map[string]*dto.MetricFamily, name string, labels ...string) float64 {
	t.Helper()
	require.Contains(t, families, name)
	for _, m := range families[name].Metric {
		if labelled(m, labels) {
			switch {
			case m.Counter != nil:
				return m.Counter.GetValue()
			case m.Histogram != nil:
				return float64(m.Histogram.GetSampleCount())
			}
			return m.Gauge.GetValue()
		}
	}
	require.Failf(t, "no such metric", "%s%v", name, labels)
	return 0
}

func labelled(m *dto.Metric, labels []string) bool {
	got := map[string]string{}
	for _, l := range m.Label {
		got[l.GetName()] = l.GetValue()
	}
	want := map[string]string{}
	for i := 0; i < len(labels); i += 2 {
		want[labels[i]] = labels[i+1]
	}
	return maps.Equal(got, want)
}

func TestMetricsSayWhatIsServedAndHowSourcesFare(t *testing.T) {
	s := start(t, setup{values: sample})
	s.registries.without("n-upper")
	s.registries.fail("two.test", refused("two.test"))
	s.write(t, "values.yaml", strings.Replace(sample, "state: beta", "state: alpha", 1))
	s.refresh(t)
	m := s.scrape(t)

	require.EqualValues(t, 1, value(t, m, "bayplan_images", "type", "standard", "state", "beta", "exists", "absent"))
	require.EqualValues(t, 1, value(t, m, "bayplan_images", "type", "standard", "state", "beta", "exists", "present"))
	require.EqualValues(t, 3, value(t, m, "bayplan_images", "type", "standard", "state", "stable", "exists", "present"))
	require.EqualValues(t, noon.Unix(), value(t, m, "bayplan_snapshot_created_timestamp_seconds"))
	require.EqualValues(t, 1, value(t, m, "bayplan_catalog_info", "version", "1.2.3", "digest", ""))
	require.EqualValues(t, 1, value(t, m, "bayplan_catalog_refused", "code", "invalid"))
	require.EqualValues(t, 1, value(t, m, "bayplan_source_up", "source", "one.test", "kind", "oci"))
	require.EqualValues(t, 0, value(t, m, "bayplan_source_up", "source", "two.test", "kind", "oci"))
	require.EqualValues(t, 1, value(t, m, "bayplan_source_up", "source", "files", "kind", "chart"))
	require.EqualValues(t, 1, value(t, m, "bayplan_source_stale", "source", "two.test", "kind", "oci"))
	require.EqualValues(t, noon.Unix(), value(t, m, "bayplan_source_last_success_timestamp_seconds", "source", "two.test", "kind", "oci"))
	require.EqualValues(t, 1, value(t, m, "bayplan_source_rounds_total", "source", "two.test", "kind", "oci", "outcome", "ok"))
	require.EqualValues(t, 1, value(t, m, "bayplan_source_rounds_total", "source", "two.test", "kind", "oci", "outcome", "unreachable"))
	require.EqualValues(t, 2, value(t, m, "bayplan_source_round_duration_seconds", "source", "files", "kind", "chart"))
	require.Contains(t, m, "bayplan_build_info")
	require.Contains(t, m, "go_goroutines")

	s.write(t, "values.yaml", sample)
	s.refresh(t)
	require.NotContains(t, s.scrape(t), "bayplan_catalog_refused")
}

func TestMetricsBeforeTheFirstSnapshot(t *testing.T) {
	s := start(t, setup{values: sample, cold: true})
	m := s.scrape(t)
	require.NotContains(t, m, "bayplan_images")
	require.NotContains(t, m, "bayplan_catalog_info")
	require.Zero(t, value(t, m, "bayplan_source_up", "source", "files", "kind", "chart"))
}

// Whatever clients send, the number of time series does not grow with it.
func TestRequestsAreCountedByRouteAndStatusAlone(t *testing.T) {
	s := start(t, setup{values: sample})
	for _, path := range []string{"/v1/images", "/v1/images", "/v1/images?limit=0", "/v1/images/bookworm", "/v1/images/secret-a", "/v1/images/secret-b", "/secret-c", "/secret-d"} {
		s.get(t, path, "User-Agent", "secret-e", "X-Forwarded-For", "secret-f")
	}
	tag := s.get(t, "/v1/images").header.Get("ETag")
	s.get(t, "/v1/images", "If-None-Match", tag)
	s.ask(t, "SECRETG", "/v1/images")
	s.ask(t, "SECRETH", "/v1/images")

	m := s.scrape(t)
	for status, want := range map[string]float64{"200": 3, "304": 1, "400": 1, "405": 2} {
		require.Equal(t, want, value(t, m, "bayplan_http_requests_total", "route", "/v1/images", "status", status), status)
	}
	require.EqualValues(t, 7, value(t, m, "bayplan_http_request_duration_seconds", "route", "/v1/images"))
	require.EqualValues(t, 2, value(t, m, "bayplan_http_requests_total", "route", "/v1/images/{name}", "status", "404"))
	require.EqualValues(t, 2, value(t, m, "bayplan_http_requests_total", "route", "other", "status", "404"))
	require.NotContains(t, strings.ToLower(string(s.get(t, "/v1/metrics").body)), "secret")

	before := series(s.scrape(t))
	for _, path := range []string{"/v1/images/x", "/y", "/v1/images?z=1"} {
		s.get(t, path)
	}
	require.Equal(t, before, series(s.scrape(t)))
}

// series lists all time series of this program, sorted.
func series(families map[string]*dto.MetricFamily) []string {
	var out []string
	for name, family := range families {
		for _, m := range family.Metric {
			if strings.HasPrefix(name, "bayplan_") {
				out = append(out, name+" "+(&dto.Metric{Label: m.Label}).String())
			}
		}
	}
	slices.Sort(out)
	return out
}

func TestMetricsAreTextWhateverAScraperAccepts(t *testing.T) {
	s := start(t, setup{values: sample})
	for _, accept := range []string{
		"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited", "application/openmetrics-text", "text/html",
	} {
		a := s.get(t, "/v1/metrics", "Accept", accept, "Accept-Encoding", "gzip")
		require.Equal(t, http.StatusOK, a.status)
		require.Regexp(t, `^text/plain; version=0\.0\.4`, a.header.Get("Content-Type"))
		require.Contains(t, string(unpack(t, "gzip", a.body)), "bayplan_images{")
	}
}

func TestMetricsBelongToOneServer(t *testing.T) {
	s := start(t, setup{values: sample})
	_, err := server.New(s.resolver, server.Options{Metrics: s.metrics})
	require.ErrorContains(t, err, "watch the metrics")
}
