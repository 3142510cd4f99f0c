package registry

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

const gone = "sha256:0000000000000000000000000000000000000000000000000000000000000000"

func TestAsk(t *testing.T) {
	h := newHost(t)
	old := h.push(t, "bookworm:latest")
	now := h.push(t, "bookworm:latest") // old stays, by its digest
	h.push(t, "bookworm:2026-01")
	deep := h.push(t, "a/b/c:1.0")
	h.push(t, "bookworm:sha256-"+strings.Repeat("0", 64)+".sig")
	h.push(t, "bookworm:sha256-"+strings.Repeat("0", 64)+".att")
	h.push(t, "bookworm:sha256-"+strings.Repeat("0", 64)+".sbom")

	asked := refs("bookworm:latest", "bookworm:latest", "bookworm", "bookworm:none", "bookworm@"+old, "bookworm@"+gone,
		"bookworm:latest@"+now, "bookworm:latest@"+old, "bookworm:latest@"+gone, "bookworm:none@"+old, "bookworm:none@"+gone,
		"a/b/c:1.0", "wheezy:latest")
	report := h.source(t, setup{}).Ask(t.Context(), asked)
	require.NoError(t, report.Err)
	require.Equal(t, map[fact.Reference]fact.Manifest{
		ref("bookworm:latest"):         {Status: fact.Present, Digest: now},
		ref("bookworm"):                {Status: fact.Present, Digest: now},
		ref("bookworm:none"):           {Status: fact.Absent},
		ref("bookworm@" + old):         {Status: fact.Present, Digest: old},
		ref("bookworm@" + gone):        {Status: fact.Absent, Digest: gone},
		ref("bookworm:latest@" + now):  {Status: fact.Present, Digest: now},
		ref("bookworm:latest@" + old):  {Status: fact.Present, Digest: now},
		ref("bookworm:latest@" + gone): {Status: fact.Absent, Digest: now},
		ref("bookworm:none@" + old):    {Status: fact.Present, Digest: old},
		ref("bookworm:none@" + gone):   {Status: fact.Absent, Digest: gone},
		ref("a/b/c:1.0"):               {Status: fact.Present, Digest: deep},
		ref("wheezy:latest"):           {Status: fact.Absent},
	}, report.Manifests)
	require.Equal(t, map[string]fact.Repository{
		"bookworm": {Status: fact.Present, Tags: []string{"2026-01", "latest"}},
		"a/b/c":    {Status: fact.Present, Tags: []string{"1.0"}},
		"wheezy":   {Status: fact.Absent},
	}, report.Repositories)
}

// Retention goes by pulls, and a GET of a manifest is one.
func TestNothingCountsAsAPull(t *testing.T) {
	h := newHost(t)
	h.push(t, "image-0:latest")
	s := h.source(t, setup{})
	for range 3 {
		s.Ask(t.Context(), many(3))
	}
	allowed := regexp.MustCompile(`^(HEAD /v2/[a-z0-9-]+/manifests/|GET /v2/[a-z0-9-]+/tags/list$|GET /v2/$)`)
	for _, r := range h.requests() {
		require.Regexp(t, allowed, r)
	}
}

func TestASteadyRoundCostsOneHeadAndOneListPerRepository(t *testing.T) {
	h := newHost(t)
	for _, target := range []string{"image-0:latest", "image-1:latest", "image-2:latest"} {
		h.push(t, target)
	}
	s := h.source(t, setup{})
	require.NoError(t, s.Ask(t.Context(), many(3)).Err)
	require.Len(t, h.requests(), 1+2*3, "the first round begins with one GET /v2/")
	require.NoError(t, s.Ask(t.Context(), many(3)).Err)
	second := h.requests()
	require.Len(t, second, 2*3)
	require.Equal(t, 3, count(second, "HEAD "))

	require.NoError(t, s.Ask(t.Context(), append(many(3), refs("image-9:a", "image-9:b")...)).Err)
	third := h.requests()
	require.Len(t, third, 2*3+3+1, "that 404s are of a registry is made sure of once")
	require.Equal(t, 1, pings(third))
}

func TestAskOfNothingAsksNothing(t *testing.T) {
	h := newHost(t)
	report := h.source(t, setup{}).Ask(t.Context(), []fact.Reference{{Host: "other.example", Repository: "x", Tag: "y"}})
	require.Equal(t, fact.Report{Manifests: map[fact.Reference]fact.Manifest{}, Repositories: map[string]fact.Repository{}}, report)
	require.Empty(t, h.requests())
}

func TestRepositoriesBehindARewrite(t *testing.T) {
	h := newHost(t)
	digest := h.push(t, "cache/real/bookworm:latest")
	report := h.source(t, setup{cfg: endpoint.Config{URL: h.URL + "/cache/real"}}).Ask(t.Context(), refs("bookworm:latest"))
	require.NoError(t, report.Err)
	require.Equal(t, digest, report.Manifests[ref("bookworm:latest")].Digest)
	require.Equal(t, fact.Present, report.Repositories["bookworm"].Status)
}

// What no registry can have is not asked: its path would lead elsewhere.
func TestMalformedReferencesAreLeftOut(t *testing.T) {
	h := newHost(t)
	h.push(t, "good:latest")
	bad := refs("../../etc:latest", "Upper:latest", "a//b:latest", "a b:latest", "good:a/b", "good:-x",
		"good@sha256:123", "good@sha512:"+strings.Repeat("0", 128), "?x=1:latest", ":latest")
	report := h.source(t, setup{}).Ask(t.Context(), append(bad, ref("good:latest")))
	require.Len(t, report.Manifests, 1)
	require.Len(t, report.Repositories, 1)
	require.Equal(t, fault.Usage, fault.KindOf(report.Err))
	require.ErrorContains(t, report.Err, "16 of 18 questions got no answer")
	require.Len(t, h.requests(), 3)
}

func TestTLSOnAnAddressThatIsTakenForPlain(t *testing.T) {
	h := newTLSHost(t)
	h.push(t, "bookworm:a")
	h.push(t, "bookworm:b")
	h.answer(func(w http.ResponseWriter, r *http.Request) bool { // pages of one tag
		if !strings.HasSuffix(r.URL.Path, "/tags/list") {
			return false
		}
		if r.URL.Query().Get("last") == "" {
			w.Header().Set("Link", `</v2/bookworm/tags/list?last=a&n=1>; rel="next"`)
			w.Write([]byte(`{"name":"bookworm","tags":["a"]}`))
			return true
		}
		w.Write([]byte(`{"name":"bookworm","tags":["b"]}`))
		return true
	})
	report := h.source(t, setup{}).Ask(t.Context(), refs("bookworm:a"))
	require.NoError(t, report.Err)
	require.Equal(t, fact.Present, report.Manifests[ref("bookworm:a")].Status)
	require.Equal(t, []string{"a", "b"}, report.Repositories["bookworm"].Tags)
}

func TestName(t *testing.T) {
	require.Equal(t, catalogHost, newHost(t).source(t, setup{}).Name())
}
