package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/registrytest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// where has a fault strike the requests alone whose method and path hold a text.
func where(part string, fault harbortest.Fault) harbortest.Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if strings.Contains(r.Method+" "+r.URL.Path, part) {
			fault(w, r, next)
			return
		}
		next.ServeHTTP(w, r)
	}
}

// halfDeaths are upstreams of which a part is dead.
func halfDeaths() []death {
	const charts, harbor, images = "chart registry", "Harbor API", "image registry"
	five := harbortest.Status(http.StatusInternalServerError)
	return []death{
		{name: "HEAD alone fails", fault: where("HEAD ", five), kinds: unreachable, not: []string{charts, harbor}},
		{name: "lists of tags alone fail", fault: where("/tags/list", five), kinds: unreachable, some: true, not: []string{charts, harbor}},
		{name: "half of the repositories fail", fault: where("/node20/", harbortest.NewStall().Fault), kinds: unreachable, some: true, not: []string{charts, harbor}},
		{name: "manifests alone fail", fault: where("/manifests/", five), kinds: unreachable, not: []string{harbor, images}},
		{name: "blobs alone fail", fault: where("/blobs/", harbortest.Status(http.StatusNotFound)), kinds: unreachable, not: []string{harbor, images}},
		{name: "/projects alone fails", fault: where("/api/v2.0/projects", five), kinds: unreachable, not: []string{charts, images}},
		{name: "/projects alone is null", fault: where("/api/v2.0/projects", harbortest.NullList()), kinds: unreachable, not: []string{charts, images}},
		{name: "redirects to a dead host", fault: harbortest.Redirect("http://127.0.0.1:1/"), kinds: unreachable},
		{name: "redirects to itself for ever", fault: redirectHere, kinds: unreachable},
	}
}

func redirectHere(w http.ResponseWriter, r *http.Request, _ http.Handler) {
	http.Redirect(w, r, r.URL.RequestURI(), http.StatusTemporaryRedirect)
}

// An upstream of which a part is dead is as harmless as one that is all dead.
func TestHalfDeadUpstreams(t *testing.T) {
	group := together()
	for n, name := range []string{"chart registry", "Harbor API", "image registry"} {
		ways := slices.DeleteFunc(halfDeaths(), func(d death) bool { return slices.Contains(d.not, name) })
		group.Go(func() error {
			t.Run(name, func(t *testing.T) { t.Logf("\n%s", strings.Join(die(t, n, ways), "\n")) })
			return nil
		})
	}
	require.NoError(t, group.Wait())
}

// Several toxics at once, at all three upstreams at once, with the time limits that
// everybody has: whoever says no-cache waits for 3 s at most.
func TestToxicsTogether(t *testing.T) {
	silent := toxic{name: "timeout", attributes: map[string]int64{"timeout": 0}}
	slow := toxic{name: "latency", attributes: map[string]int64{"latency": 900, "jitter": 300}}
	sliced := toxic{name: "slicer", attributes: map[string]int64{"average_size": 8, "size_variation": 4, "delay": 4000}}
	cut := toxic{name: "limit_data", attributes: map[string]int64{"bytes": 700}}
	reset := toxic{name: "reset_peer", attributes: map[string]int64{"timeout": 300}}
	group := together()
	for name, all := range map[string][3][]toxic{ // for each upstream
		"silence everywhere":     {{silent}, {silent}, {silent}},
		"slow, sliced and cut":   {{slow, sliced, cut}, {slow, sliced, cut}, {slow, sliced, cut}},
		"each with its own":      {{reset}, {silent}, {slow, sliced}},
		"late and reset":         {{slow, reset}, {slow, reset}, {slow, reset}},
		"the catalog alone well": {{}, {silent}, {slow, cut}},
	} {
		group.Go(func() error {
			t.Run(name, func(t *testing.T) { sufferTogether(t, all) })
			return nil
		})
	}
	require.NoError(t, group.Wait())
}

func sufferTogether(t *testing.T, all [3][]toxic) {
	p := newFaultyPlatform(t, platformLimits{})
	var proxies []*toxicProxy
	for _, u := range p.upstreams() {
		proxies = append(proxies, between(t, p, u))
	}
	p.start(t)
	clients := besiege(t, p.address, p.questions(), 3, 10*time.Millisecond)
	var remove []func()
	var known []func() error
	for n, toxics := range all {
		for _, x := range toxics {
			remove = append(remove, proxies[n].add(t, x, "downstream"))
		}
		known = append(known, p.change(t, p.upstreams()[n]))
	}
	pauseFor(t.Context(), max(*hold, 4*time.Second)) // longer than anybody has to wait
	for _, f := range remove {
		f()
	}
	recovered := eventually(t, func() error {
		var failed error
		for n, u := range p.upstreams() {
			failed = errors.Join(failed, p.fresh(t, u), known[n]())
		}
		return failed
	})
	t.Logf("%s; well again after %v", clients.report(t), recovered.Round(10*time.Millisecond))
}

// A service that begins while nobody answers says 503, and why, until it has a
// catalog; it is alive all the while, and serves what it learns as soon as it is
// told.
func TestFirstStartAmongTheDead(t *testing.T) {
	for name, dead := range map[string]func(t *testing.T, u *upstream) (heal func()){
		"refused": func(t *testing.T, u *upstream) func() { return refuse(t, u, nil) },
		"silent": func(_ *testing.T, u *upstream) func() {
			u.spoil(harbortest.NewStall().Fault)
			return func() { u.spoil(nil) }
		},
		"503": func(_ *testing.T, u *upstream) func() {
			u.spoil(harbortest.Status(http.StatusServiceUnavailable))
			return func() { u.spoil(nil) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newFaultyPlatform(t, limits())
			heal := map[*upstream]func(){}
			for _, u := range p.upstreams() {
				heal[u] = dead(t, u)
			}
			p.launch(t)
			eventually(t, func() error { return p.tellsOf(t, chartHost) })
			for _, q := range p.questions() {
				status, body := p.get(t, q)
				switch q.path {
				case "/v1/healthz", "/v1/metrics", "/openapi.json":
					require.Equal(t, http.StatusOK, status, q.path)
				default:
					require.Equal(t, http.StatusServiceUnavailable, status, "%s: %s", q.path, body)
				}
			}
			heal[p.charts]()
			served := eventually(t, func() error { return p.answers(t, nil) })
			require.Error(t, p.answers(t, func(i api.Image) bool { return i.Exists != nil }), "nobody knows yet")
			heal[p.images]()
			heal[p.harbor]()
			whole := eventually(t, func() error {
				return p.answers(t, func(i api.Image) bool { return i.Exists != nil && *i.Exists && !i.Stale })
			})
			for _, u := range p.upstreams() {
				eventually(t, func() error { return p.fresh(t, u) })
			}
			t.Logf("served %v after the catalog's registry answered, whole %v after the others did", served, whole)
		})
	}
}

// tellsOf wants the answer 503 to say why, and when to come back.
func (p *faultyPlatform) tellsOf(t *testing.T, host string) error {
	t.Helper()
	response, err := testClient.Get(p.address + "/v1/images")
	require.NoError(t, err)
	defer response.Body.Close()
	var failure api.Error
	require.NoError(t, json.NewDecoder(response.Body).Decode(&failure))
	require.Equal(t, http.StatusServiceUnavailable, response.StatusCode)
	require.NotEmpty(t, response.Header.Get("Retry-After"))
	if text := strings.Join(failure.Error, " "); !strings.Contains(text, host) {
		return fmt.Errorf("it does not say why: %s", text)
	}
	return nil
}

// answers wants all standard images to be served, and to be as they should.
func (p *faultyPlatform) answers(t *testing.T, each func(api.Image) bool) error {
	t.Helper()
	status, body := p.get(t, question{path: "/v1/images?type=standard"})
	if status != http.StatusOK {
		return fmt.Errorf("%d: %s", status, body)
	}
	var list api.ImagesAnswer
	require.NoError(t, json.Unmarshal(body, &list))
	require.Len(t, list.Images, len(standardImages))
	for _, image := range list.Images {
		if each != nil && !each(image) {
			return fmt.Errorf("%s is not as it should be: exists %v, stale %v", image.ShortName, image.Exists, image.Stale)
		}
	}
	return nil
}

// Upstreams that come and go all the time harm nobody, and are believed once they
// stay.
func TestFlappingUpstreams(t *testing.T) {
	p := newFaultyPlatform(t, limits())
	p.start(t)
	clients := besiege(t, p.address, p.questions(), 3, 10*time.Millisecond)
	var known []func() error
	for round := range 12 {
		u := p.upstreams()[round%3]
		u.hangUp()
		if round < 3 {
			known = append(known, p.change(t, u))
		}
		pauseFor(t.Context(), max(*hold/10, 120*time.Millisecond))
		u.listen(t)
		pauseFor(t.Context(), max(*hold/10, 80*time.Millisecond))
	}
	recovered := eventually(t, func() error {
		var failed error
		for n, u := range p.upstreams() {
			failed = errors.Join(failed, p.fresh(t, u), known[n]())
		}
		return failed
	})
	t.Logf("%s; well again after %v", clients.report(t), recovered.Round(10*time.Millisecond))
}

// An upstream that comes back with other data is believed where that is plausible:
// an image that was deleted is gone, one that is new is there. A chart registry that
// lost its newest version is not: what was served stays, and it is said.
func TestUpstreamsThatComeBackDifferent(t *testing.T) {
	p := newFaultyPlatform(t, limits())
	version := p.publish(t) // names added1
	p.pushImage(t, "added1")
	_, err := p.stand.Push("tool-alpha/extra", "v1", harbortest.Profile{})
	require.NoError(t, err)
	p.start(t)
	clients := besiege(t, p.address, p.questions(), 3, 10*time.Millisecond)
	for _, u := range p.upstreams() {
		u.hangUp()
	}
	eventually(t, func() error { return errors.Join(p.marked(t, p.harbor), p.marked(t, p.images), p.marked(t, p.charts)) })

	other := registrytest.InProcess(t) // as after a backup was restored
	p.imageRegistry, p.images.inner = other, other
	for _, name := range standardImages[:3] {
		p.pushImage(t, name)
	}
	p.stand.DeleteRepository("tool-alpha/extra")
	_, err = p.stand.Push("tool-alpha/later", "v1", harbortest.Profile{})
	require.NoError(t, err)
	older := registrytest.InProcess(t)
	p.chartRegistry, p.charts.inner, p.version = older, older, 0
	p.publish(t)
	for _, u := range p.upstreams() {
		u.listen(t)
	}
	eventually(t, func() error {
		status, body := p.get(t, question{path: "/v1/images/added1"})
		var answer api.ImageAnswer
		require.NoError(t, json.Unmarshal(body, &answer))
		if status != http.StatusOK || answer.Image.Exists == nil || *answer.Image.Exists || answer.Image.Stale {
			return fmt.Errorf("added1 is not said to be gone: %s", body)
		}
		gone, _ := p.get(t, question{path: "/v1/images/tool-alpha/extra:v1"})
		if gone != http.StatusNotFound {
			return errors.New("tool-alpha/extra:v1 is not gone")
		}
		there, _ := p.get(t, question{path: "/v1/images/tool-alpha/later:v1"})
		if there != http.StatusOK {
			return errors.New("tool-alpha/later:v1 is not there")
		}
		catalog := p.catalog(t)
		if catalog.Version != version || catalog.Refused == nil || catalog.Refused.Version != "1.0.0" {
			return fmt.Errorf("version %s is served, refused is %v", catalog.Version, catalog.Refused)
		}
		return errors.Join(p.fresh(t, p.harbor), p.fresh(t, p.images))
	})
	require.True(t, slices.ContainsFunc(p.catalog(t).Warnings, func(w string) bool { return strings.Contains(w, "no longer where it was published") }))
	t.Log(clients.report(t))
}

// Connections in the pool of which the other side knows nothing any more cost one
// round, however many there are: not one for each.
func TestConnectionsThatFellSilent(t *testing.T) {
	p := newFaultyPlatform(t, limits())
	p.start(t)
	for _, u := range p.upstreams() {
		clients := besiege(t, p.address, p.questions(), 8, time.Millisecond) // so that the pool fills
		eventually(t, func() error { return clients.asks(3 * len(p.questions())) })
		clients.report(t)
		before := p.rounds(t, u)
		known := p.change(t, u)
		u.mute()
		eventually(t, func() error { return errors.Join(p.fresh(t, u), known()) })
		failed := p.rounds(t, u).outcomes["unreachable"] - before.outcomes["unreachable"]
		require.LessOrEqual(t, failed, 1, "rounds that failed at the %s", u.name)
	}
}

// A registry whose tokens come from somewhere that is dead is asked with those that
// there are. When they run out it fails, and is well when tokens are to be had.
func TestTokensThatCannotBeHad(t *testing.T) {
	p := newFaultyPlatform(t, limits())
	tokens := &tokenGuard{inner: p.images.inner}
	p.images.inner = tokens
	p.start(t)
	clients := besiege(t, p.address, p.questions(), 3, 10*time.Millisecond)
	for _, kind := range []harbortest.Fault{harbortest.Status(http.StatusServiceUnavailable), harbortest.NewStall().Fault, harbortest.HTML(http.StatusOK)} {
		p.images.spoil(where("/token", kind))
		known := p.change(t, p.images)
		eventually(t, func() error { return errors.Join(p.fresh(t, p.images), known()) })
		tokens.valid.Add(1) // those that there are run out
		known = p.change(t, p.images)
		eventually(t, func() error {
			if p.failing(t, p.images) == nil {
				return errors.New("it does not fail")
			}
			return p.marked(t, p.images)
		})
		p.images.spoil(nil)
		eventually(t, func() error { return errors.Join(p.fresh(t, p.images), known()) })
	}
	t.Log(clients.report(t))
}

// tokenGuard wants a token before a registry, and gives one to whoever asks. Only
// the newest is valid.
type tokenGuard struct {
	inner http.Handler
	valid atomic.Int64
}

// ServeHTTP implements http.Handler.
func (g *tokenGuard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	token := fmt.Sprintf("token-%d", g.valid.Load())
	switch {
	case r.URL.Path == "/token":
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"token":%q}`, token)
	case r.Header.Get("Authorization") != "Bearer "+token:
		w.Header().Set("WWW-Authenticate", `Bearer realm="http://`+r.Host+`/token",service="x"`)
		w.WriteHeader(http.StatusUnauthorized)
	default:
		g.inner.ServeHTTP(w, r)
	}
}
