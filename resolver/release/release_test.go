package release_test

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/pack"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/artifact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/registrytest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/release"
)

// The two registries of most tests: a platform's own, and its rehearsal's.
var (
	tools = artifact.Reference{Host: "tools.example", Path: "toolforge/image-config"}
	beta  = artifact.Reference{Host: "beta.example", Path: "toolforge/image-config"}
)

// pair is two registries and a client of both.
type pair struct {
	tools, beta *registrytest.Server
	client      *artifact.Client
}

func newPair(t *testing.T) *pair {
	t.Helper()
	p := &pair{tools: registrytest.InProcess(t), beta: registrytest.InProcess(t)}
	hosts, err := endpoint.New(map[string]endpoint.Config{tools.Host: {URL: p.tools.URL}, beta.Host: {URL: p.beta.URL}}, endpoint.Options{})
	require.NoError(t, err)
	t.Cleanup(hosts.CloseIdle)
	p.client = artifact.New(hosts, artifact.Options{
		Provenance: true, Attempts: 1, Wait: func(context.Context, time.Duration) error { return nil },
	})
	return p
}

func packed(t *testing.T, version, state string) []byte {
	t.Helper()
	p, err := pack.Files([]pack.File{
		{Name: "Chart.yaml", Data: fmt.Appendf(nil, "apiVersion: v2\nname: image-config\nversion: %s\n", version)},
		{Name: "values.yaml", Data: fmt.Appendf(nil, "formatVersion: \"1.0\"\nimages:\n  a: {state: %s, image: one.example/a}\n", state)},
	})
	require.NoError(t, err)
	return p.Archive
}

// releaseOf is a version for both registries.
func (p *pair) releaseOf(archive []byte, version, provenance string) release.Release {
	return release.Release{
		Client: p.client, Version: version, Targets: []artifact.Reference{tools, beta},
		Package: artifact.Package{Archive: archive, Provenance: []byte(provenance), Created: time.Unix(1784679216, 0), Revision: "ea583302"},
	}
}

// run looks and publishes.
func run(ctx context.Context, r release.Release) ([]artifact.Published, error) {
	plan, err := r.Look(ctx)
	if err != nil {
		return nil, err
	}
	return plan.Run(ctx)
}

func (p *pair) digest(t *testing.T, at artifact.Reference, version string) string {
	t.Helper()
	found, err := p.client.Resolve(t.Context(), at, artifact.Selection{Version: version})
	if fault.Is(err, fault.NotFound) {
		return ""
	}
	require.NoError(t, err)
	return found.Digest
}

func TestOneDigestEverywhere(t *testing.T) {
	p := newPair(t)
	var steps []string
	r := p.releaseOf(packed(t, "1.0.0", "stable"), "1.0.0", "signed")
	r.Told = func(step string, at artifact.Reference) { steps = append(steps, step+" "+at.Host) }
	done, err := run(t.Context(), r)
	require.NoError(t, err)
	require.Len(t, done, 2)
	require.Equal(t, done[0].Digest, done[1].Digest)
	require.Equal(t, done[0].Digest, p.digest(t, tools, "1.0.0"))
	require.Equal(t, done[0].Digest, p.digest(t, beta, "1.0.0"))
	require.Equal(t, []string{
		"looking at tools.example", "looking at beta.example",
		"uploading to tools.example", "uploading to beta.example",
		"publishing to tools.example", "reading back from tools.example",
		"publishing to beta.example", "reading back from beta.example",
	}, steps)

	plan, err := r.Look(t.Context())
	require.NoError(t, err)
	require.True(t, plan.Done())
	again, err := plan.Run(t.Context())
	require.NoError(t, err)
	require.True(t, again[0].AlreadyPublished)
	require.Equal(t, done[0].Digest, again[1].Digest)
}

// Wherever a release breaks off, no registry shows half of it, and doing it again
// finishes it under one digest, though it is signed anew.
func TestInterruptions(t *testing.T) {
	for name, c := range map[string]struct {
		at     func(p *pair) *registrytest.Server
		method string
		kind   string
		shows  bool // the first registry has the version already
	}{
		"the second registry takes no blob":      {func(p *pair) *registrytest.Server { return p.beta }, http.MethodPost, "/uploads/", false},
		"the first registry takes no blob":       {func(p *pair) *registrytest.Server { return p.tools }, http.MethodPost, "/uploads/", false},
		"the first registry takes no manifest":   {func(p *pair) *registrytest.Server { return p.tools }, http.MethodPut, "/manifests/", false},
		"the second registry takes no manifest":  {func(p *pair) *registrytest.Server { return p.beta }, http.MethodPut, "/manifests/", true},
		"the second registry cannot be asked":    {func(p *pair) *registrytest.Server { return p.beta }, http.MethodHead, "/blobs/", false},
		"the first cannot be read after a write": {func(p *pair) *registrytest.Server { return p.tools }, http.MethodGet, "/blobs/", true},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPair(t)
			archive := packed(t, "1.0.0", "stable")
			c.at(p).Hook(func(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
				if r.Method != c.method || !strings.Contains(r.URL.Path, c.kind) {
					return false
				}
				w.WriteHeader(http.StatusServiceUnavailable)
				return true
			})
			_, err := run(t.Context(), p.releaseOf(archive, "1.0.0", "signed on Monday"))
			require.True(t, fault.Is(err, fault.Unreachable), "%v", err)
			c.at(p).Hook(nil)
			require.Equal(t, c.shows, p.digest(t, tools, "1.0.0") != "")
			require.Empty(t, p.digest(t, beta, "1.0.0"))

			done, err := run(t.Context(), p.releaseOf(archive, "1.0.0", "signed on Tuesday"))
			require.NoError(t, err)
			require.Equal(t, done[0].Digest, done[1].Digest)
			require.Equal(t, done[0].Digest, p.digest(t, tools, "1.0.0"))
			require.Equal(t, done[0].Digest, p.digest(t, beta, "1.0.0"))
			found, err := p.client.Pull(t.Context(), beta, artifact.Selection{Version: "1.0.0"})
			require.NoError(t, err)
			want := "signed on Tuesday"
			if c.shows {
				want = "signed on Monday"
			}
			require.Equal(t, want, string(found.Provenance))
		})
	}
}

// A version that another chart has anywhere is published nowhere.
func TestAVersionIsNeverOverwritten(t *testing.T) {
	p := newPair(t)
	first := p.releaseOf(packed(t, "1.0.0", "stable"), "1.0.0", "signed")
	first.Targets = []artifact.Reference{beta}
	done, err := run(t.Context(), first)
	require.NoError(t, err)

	p.tools.Forget()
	other := p.releaseOf(packed(t, "1.0.0", "deprecated"), "1.0.0", "signed")
	_, err = run(t.Context(), other)
	require.True(t, fault.Is(err, fault.Conflict), "%v", err)
	require.NotEmpty(t, fault.HintOf(err))
	for _, r := range p.tools.Requests() {
		require.Equal(t, http.MethodGet, r.Method, "nothing is written")
	}
	require.Equal(t, done[0].Digest, p.digest(t, beta, "1.0.0"))

	other.Package.Move = true
	moved, err := run(t.Context(), other)
	require.NoError(t, err)
	require.NotEqual(t, done[0].Digest, moved[1].Digest)
	require.Equal(t, moved[1].Digest, p.digest(t, beta, "1.0.0"))
	require.Equal(t, moved[0].Digest, moved[1].Digest)
}

// A registry that gives back something else than it was given is found out.
func TestWhatIsReadBackIsCompared(t *testing.T) {
	p := newPair(t)
	p.tools.Hook(func(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		if r.Method != http.MethodGet || !strings.Contains(r.URL.Path, "/blobs/") {
			return false
		}
		_, _ = w.Write([]byte("something else"))
		return true
	})
	_, err := run(t.Context(), p.releaseOf(packed(t, "1.0.0", "stable"), "1.0.0", "signed"))
	require.True(t, fault.Is(err, fault.Tampered), "%v", err)
	require.Empty(t, p.digest(t, beta, "1.0.0"))
}

func TestNewest(t *testing.T) {
	p := newPair(t)
	newest, err := release.Newest(t.Context(), p.client, tools, nil)
	require.NoError(t, err)
	require.Nil(t, newest, "nothing was published yet")
	for _, version := range []string{"0.0.9", "0.0.10-20260722001336-ea583302", "0.0.11-dev-mr-7"} {
		_, err := run(t.Context(), p.releaseOf(packed(t, version, "stable"), version, "signed"))
		require.NoError(t, err)
	}
	newest, err = release.Newest(t.Context(), p.client, tools, nil)
	require.NoError(t, err)
	require.Equal(t, "0.0.9", newest.Version)
	newest, err = release.Newest(t.Context(), p.client, tools, regexp.MustCompile(`^0\.0\.\d+-\d{14}-[0-9a-f]{8}$`))
	require.NoError(t, err)
	require.Equal(t, "0.0.10-20260722001336-ea583302", newest.Version)

	p.tools.Hook(func(w http.ResponseWriter, _ *http.Request, _ http.Handler) bool {
		w.WriteHeader(http.StatusBadGateway)
		return true
	})
	_, err = release.Newest(t.Context(), p.client, tools, nil)
	require.True(t, fault.Is(err, fault.Unreachable), "a registry that cannot be asked is not an empty one")
}
