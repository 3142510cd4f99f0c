package server_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/crane"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
	hosts "gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/registry"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/registrytest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// dock is a service whose registries are real: one in memory, one.test, whose
// prefix toolforge- is the catalog's, and a Harbor.
type dock struct {
	*endpoint
	plain    *registrytest.Server
	harbor   *harbortest.Server
	resolver *resolver.Resolver
	metrics  *server.Metrics
}

func newDock(t *testing.T) *dock {
	t.Helper()
	return &dock{plain: registrytest.InProcess(t), harbor: harbortest.Start(t, harbortest.StartOptions{}), metrics: server.NewMetrics()}
}

func startDock(t *testing.T, values string, prefixes map[string][]string) *dock {
	t.Helper()
	d := newDock(t)
	d.serve(t, values, prefixes)
	return d
}

// serve begins to serve a catalog.
func (d *dock) serve(t *testing.T, values string, prefixes map[string][]string) {
	t.Helper()
	folder := t.TempDir()
	for name, text := range map[string]string{"Chart.yaml": "apiVersion: v2\nname: image-config\nversion: 1.2.3\n", "values.yaml": values} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600))
	}
	users := inventoryOf(t, d.harbor)
	directory, err := hosts.New(map[string]hosts.Config{"one.test": {URL: d.plain.URL}}, hosts.Options{})
	require.NoError(t, err)
	t.Cleanup(directory.CloseIdle)
	d.resolver = resolver.New(resolver.FromPath(folder), func(host string) resolver.Live {
		source := registry.New(directory.For(host), registry.Options{Wait: func(context.Context, time.Duration) error { return nil }})
		if host == harborHost {
			return users.Live(source)
		}
		return source
	}, resolver.Options{Users: users, Owns: prefixes, Observe: d.metrics.Round, Now: func() time.Time { return noon }})
	t.Cleanup(d.resolver.Close)
	handlers, err := server.New(d.resolver, server.Options{Metrics: d.metrics})
	require.NoError(t, err)
	d.endpoint = listen(t, handlers.Handler())
}

// push puts an image into the plain registry and gives its digest.
func (d *dock) push(t *testing.T, reference string) string {
	t.Helper()
	image, err := random.Image(16, 1)
	require.NoError(t, err)
	require.NoError(t, crane.Push(image, d.plain.Host+"/"+reference, crane.Insecure))
	digest, err := image.Digest()
	require.NoError(t, err)
	return digest.String()
}

// ask lets everybody be asked once.
func (d *dock) ask(t *testing.T) {
	t.Helper()
	require.NoError(t, d.resolver.RefreshOwned(t.Context()))
	require.NoError(t, d.resolver.Refresh(t.Context()))
	require.NoError(t, d.resolver.RefreshHosts(t.Context()), "once more, after Harbor's first round")
}

func (d *dock) drift(t *testing.T) api.DriftAnswer {
	t.Helper()
	return into[api.DriftAnswer](d.get(t, "/v1/drift"), http.StatusOK)
}

// reasons writes each entry as "reason reference".
func reasons(a api.DriftAnswer) []string {
	out := []string{}
	for _, d := range a.Drift {
		out = append(out, d.Reason+" "+d.Reference)
	}
	return out
}

var owned = map[string][]string{"one.test": {"toolforge-"}}

func TestDriftOfAPlainRegistry(t *testing.T) {
	d := newDock(t)
	pinned := d.push(t, "toolforge-pinned:v1")
	kept := d.push(t, "toolforge-kept:v1")
	d.serve(t, `formatVersion: "1.0"
images:
  fine: {state: stable, image: one.test/toolforge-fine}
  gone: {state: stable, image: one.test/toolforge-gone, variants: {webservice: {image: one.test/toolforge-fine-web}}}
  other: {state: stable, image: "one.test/toolforge-fine:other"}
  pinned: {state: stable, image: "one.test/toolforge-pinned:v1@`+pinned+`"}
  kept: {state: stable, image: "one.test/toolforge-kept:v1@`+kept+`"}
`, owned)
	d.push(t, "toolforge-fine:latest")
	d.push(t, "toolforge-fine-web:latest")
	d.push(t, "toolforge-extra:latest")
	d.push(t, "elsewhere:latest")
	d.plain.Forget()
	d.ask(t)
	require.Equal(t, []string{
		"not_in_catalog one.test/toolforge-extra",
		"tag_missing one.test/toolforge-fine:other",
		"repository_missing one.test/toolforge-gone:latest",
	}, reasons(d.drift(t)))
	five := 5
	require.Equal(t, api.List[api.DriftPrefix]{{Host: "one.test", Prefix: "toolforge-", Status: "ok", RepositoryCount: &five}}, d.drift(t).Prefixes)
	require.Equal(t, api.Messages{}, d.drift(t).Messages)
	for _, request := range d.plain.Requests() {
		require.False(t, request.Method == http.MethodGet && strings.Contains(request.Path, "/manifests/"), "%v would count as a pull", request)
	}

	moved := d.push(t, "toolforge-pinned:v1")
	d.push(t, "toolforge-fine:latest") // rebuilt in place
	d.ask(t)
	entries := d.drift(t).Drift
	require.Contains(t, entries, api.Drift{
		Reason: "tag_moved", Image: "pinned", Reference: "one.test/toolforge-pinned:v1@" + pinned,
		Host: "one.test", Path: "toolforge-pinned", Tag: "v1", Digest: pinned, FoundDigest: moved,
		Message: "the tag v1 of one.test/toolforge-pinned names " + moved + " now; the catalog pins " + pinned,
	})
	require.Len(t, entries, 4)
}

const one = `formatVersion: "1.0"
images:
  fine: {state: stable, image: one.test/toolforge-fine}
`

// What a registry does not tell is not an empty success; what it told before
// stays.
func TestDriftOfARegistryThatCeasesToAnswer(t *testing.T) {
	deny := func(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		if !strings.HasSuffix(r.URL.Path, "/_catalog") {
			return false
		}
		w.WriteHeader(http.StatusForbidden)
		return true
	}
	d := startDock(t, one, owned)
	d.push(t, "toolforge-fine:latest")
	d.push(t, "toolforge-extra:latest")
	d.plain.Hook(deny)
	d.ask(t)
	a := d.drift(t)
	require.Empty(t, a.Drift)
	require.Equal(t, api.List[api.DriftPrefix]{{Host: "one.test", Prefix: "toolforge-", Status: "unknown"}}, a.Prefixes)
	require.Equal(t, []string{"one.test cannot be asked which repositories it has below toolforge-: what is there and not in the catalog is not known"}, a.Messages.Warning)
	listing := d.source(t, "listing")
	require.Equal(t, "failing", listing.Status)
	require.Equal(t, "denied", listing.Error.Kind)

	d.plain.Hook(nil)
	d.ask(t)
	require.Equal(t, []string{"not_in_catalog one.test/toolforge-extra"}, reasons(d.drift(t)))
	require.Equal(t, "ok", d.source(t, "listing").Status)

	for name, hook := range map[string]registrytest.Hook{
		"denied": deny,
		"dead": func(w http.ResponseWriter, _ *http.Request, _ http.Handler) bool {
			w.WriteHeader(http.StatusServiceUnavailable)
			return true
		},
		"lying": func(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
			w.Header().Set("Content-Type", "text/html")
			_, _ = w.Write([]byte("<html>Welcome</html>"))
			return true
		},
	} {
		t.Run(name, func(t *testing.T) {
			d.plain.Hook(hook)
			d.ask(t)
			a := d.drift(t)
			require.Equal(t, []string{"not_in_catalog one.test/toolforge-extra"}, reasons(a), "the last good answer")
			require.True(t, a.Drift[0].Stale)
			require.Equal(t, "stale", a.Prefixes[0].Status)
			require.Contains(t, a.Messages.Warning, "one.test cannot be asked now which repositories it has below toolforge-: they are as it last answered")
		})
	}
}

const inHarbor = `formatVersion: "1.0"
images:
  bookworm: {state: stable, image: harbor.test/toolforge-pre-built/bookworm}
  secret: {state: stable, image: harbor.test/hidden/secret}
  tools: {state: stable, image: harbor.test/tool-alpha/web}
`

// The projects of a Harbor that hold standard images are the catalog's, those of
// tools and private ones are not.
func TestDriftOfAHarbor(t *testing.T) {
	d := startDock(t, inHarbor, nil)
	for _, image := range []string{
		"toolforge-pre-built/bookworm:latest", "toolforge-pre-built/extra:latest", "toolforge-pre-built/deep/er:v1",
		"elsewhere/image:latest", "tool-alpha/web:latest", "tool-alpha/other:latest", "tool-beta/app:latest",
		"!tool-gamma/private:latest", "!hidden/secret:latest", "!hidden/unnamed:latest",
	} {
		pushUser(t, d.harbor, image)
	}
	_, err := d.harbor.Push("toolforge-pre-built/untagged", "", harbortest.Profile{})
	require.NoError(t, err)
	d.ask(t)
	d.ask(t)
	a := d.get(t, "/v1/drift")
	answer := into[api.DriftAnswer](a, http.StatusOK)
	require.Equal(t, []string{
		"not_in_catalog harbor.test/toolforge-pre-built/deep/er",
		"not_in_catalog harbor.test/toolforge-pre-built/extra",
	}, reasons(answer))
	three := 3
	require.Equal(t, api.List[api.DriftPrefix]{{Host: harborHost, Prefix: "toolforge-pre-built/", Status: "ok", RepositoryCount: &three}}, answer.Prefixes)
	for _, secret := range []string{"hidden", "gamma", "unnamed", "tool-"} {
		require.NotContains(t, string(a.body), secret)
	}

	d.harbor.Fault(harbortest.Any, harbortest.Status(http.StatusInternalServerError))
	d.ask(t)
	answer = d.drift(t)
	require.Len(t, answer.Drift, 2)
	require.True(t, answer.Drift[0].Stale)
	require.Equal(t, "stale", answer.Prefixes[0].Status)
	require.NotContains(t, string(d.get(t, "/v1/drift").body), "hidden")
	require.NotContains(t, string(d.get(t, "/v1/metrics").body), "unnamed")
}

// What turns private is gone from the next answer.
func TestDriftOfAProjectThatTurnsPrivate(t *testing.T) {
	d := startDock(t, inHarbor, nil)
	pushUser(t, d.harbor, "toolforge-pre-built/extra:latest")
	d.ask(t)
	d.ask(t)
	require.Contains(t, reasons(d.drift(t)), "not_in_catalog harbor.test/toolforge-pre-built/extra")
	require.NoError(t, d.harbor.SetVisibility("toolforge-pre-built", harbortest.Private))
	d.ask(t)
	require.NotContains(t, string(d.get(t, "/v1/drift").body), "extra")
	require.NotContains(t, reasons(d.drift(t)), "not_in_catalog harbor.test/toolforge-pre-built/extra")
	for _, p := range d.drift(t).Prefixes {
		require.NotEqual(t, "toolforge-pre-built/", p.Prefix)
	}
}

// Operators narrow what is the catalog's in a Harbor, to nothing if they like.
func TestDriftOfPartOfAHarbor(t *testing.T) {
	for name, c := range map[string]struct {
		prefixes []string
		wanted   []string
	}{
		"some":    {[]string{"toolforge-pre-built/py"}, []string{"not_in_catalog harbor.test/toolforge-pre-built/python"}},
		"all":     {[]string{"toolforge-"}, []string{"not_in_catalog harbor.test/toolforge-pre-built/extra", "not_in_catalog harbor.test/toolforge-pre-built/python"}},
		"nothing": {[]string{}, []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			d := startDock(t, strings.Replace(inHarbor, "  secret: {state: stable, image: harbor.test/hidden/secret}\n", "", 1), map[string][]string{harborHost: c.prefixes})
			for _, image := range []string{"toolforge-pre-built/bookworm:latest", "toolforge-pre-built/extra:latest", "toolforge-pre-built/python:latest", "tool-alpha/web:latest"} {
				pushUser(t, d.harbor, image)
			}
			d.ask(t)
			d.ask(t) // who may see the project is proved by then
			require.Equal(t, c.wanted, reasons(d.drift(t)))
		})
	}
}

// The answer is made once for the facts that it stands for.
func TestDriftIsCached(t *testing.T) {
	d := startDock(t, one, owned)
	d.push(t, "toolforge-extra:latest")
	for _, name := range strings.Fields("a b c d e f g h") {
		d.push(t, "toolforge-"+name+":latest")
	}
	d.ask(t)
	a := d.get(t, "/v1/drift")
	tag := a.header.Get("ETag")
	require.NotEmpty(t, tag)
	require.Equal(t, "no-cache", a.header.Get("Cache-Control"))
	require.Equal(t, "Accept-Encoding", a.header.Get("Vary"))
	require.Equal(t, http.StatusNotModified, d.get(t, "/v1/drift", "If-None-Match", tag).status)
	zipped := d.get(t, "/v1/drift", "Accept-Encoding", "gzip")
	require.Equal(t, "gzip", zipped.header.Get("Content-Encoding"))
	require.Less(t, len(zipped.body), len(a.body))

	pushUser(t, d.harbor, "tool-alpha/new:latest")
	before := d.resolver.Snapshot()
	d.ask(t)
	require.NotSame(t, before, d.resolver.Snapshot())
	require.Equal(t, http.StatusNotModified, d.get(t, "/v1/drift", "If-None-Match", tag).status, "of what it says nothing changed")

	d.push(t, "toolforge-later:latest")
	d.ask(t)
	require.Equal(t, http.StatusOK, d.get(t, "/v1/drift", "If-None-Match", tag).status)
}

func TestDriftMetrics(t *testing.T) {
	d := startDock(t, one, owned)
	d.push(t, "toolforge-extra:latest")
	d.push(t, "toolforge-more:latest")
	d.ask(t)
	m := d.scrape(t)
	require.EqualValues(t, 2, value(t, m, "bayplan_drift", "reason", "not_in_catalog"))
	require.EqualValues(t, 1, value(t, m, "bayplan_drift", "reason", "repository_missing"))
	require.EqualValues(t, 0, value(t, m, "bayplan_drift", "reason", "tag_moved"))
	require.EqualValues(t, 1, value(t, m, "bayplan_source_up", "source", "one.test", "kind", "listing"))
}

func TestDriftTakesNoParameters(t *testing.T) {
	s := start(t, setup{values: sample})
	require.Equal(t, "bad_parameter", s.failure(t, "/v1/drift?reason=retired", http.StatusBadRequest).Code)
	cold := start(t, setup{values: sample, cold: true})
	require.Equal(t, "not_ready", cold.failure(t, "/v1/drift", http.StatusServiceUnavailable).Code)
}
