package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/artifact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/registrytest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

const (
	chartHost = "charts.example"
	imageHost = "images.example"
)

// standardImages are those of the catalog from its first version on. The last
// lies in Harbor.
var standardImages = []string{"bookworm", "node20", "python3.11", "perl5.36"}

// faultyPlatform is a whole deployment in this process: a chart registry, a
// Harbor and an image registry that can be made to fail, and the service that
// asks them.
type faultyPlatform struct {
	charts, harbor, images *upstream
	// What stands behind them, where a test makes changes whatever is wrong in front.
	chartRegistry, imageRegistry *registrytest.Server
	stand                        *harbortest.Harbor

	hosts   map[string]endpoint.Config // how the service reaches them
	serve   *serveOptions
	service *service
	address string // of the service
	version int    // how many versions of the catalog were published
}

// platformLimits are how long the service waits for an upstream. The zero value
// is what everybody has.
type platformLimits struct{ attempt, round, proof time.Duration }

// shortLimits let a test see in seconds what else takes half a minute.
var shortLimits = platformLimits{attempt: 1500 * time.Millisecond, round: 3 * time.Second, proof: 500 * time.Millisecond}

// newFaultyPlatform starts the upstreams and fills them. The service is started
// by start: a test may put something in between before.
func newFaultyPlatform(t *testing.T, limits platformLimits) *faultyPlatform {
	t.Helper()
	p := &faultyPlatform{chartRegistry: registrytest.InProcess(t), imageRegistry: registrytest.InProcess(t), stand: harbortest.New(harbortest.Options{})}
	t.Cleanup(p.stand.Close)
	p.charts = newUpstream(t, &upstream{name: "chart registry", kinds: []string{api.SourceChart}, host: chartHost, inner: p.chartRegistry})
	p.harbor = newUpstream(t, &upstream{name: "Harbor API", kinds: []string{api.SourceUsers, api.SourceHarbor}, host: harborHost, inner: p.stand})
	p.images = newUpstream(t, &upstream{name: "image registry", kinds: []string{api.SourceOCI}, host: imageHost, inner: p.imageRegistry})
	p.charts.beside = 1 // the list of versions is asked for beside what is followed
	p.hosts = map[string]endpoint.Config{}
	for _, u := range p.upstreams() {
		p.reach(u, u.address)
	}
	fillHarbor(t.Fatalf, p.stand)
	p.stand.AddProject("toolforge", harbortest.Public)
	_, err := p.stand.Push("toolforge/perl", "latest", harbortest.Profile{})
	require.NoError(t, err)
	for _, name := range standardImages[:3] {
		p.pushImage(t, name)
	}
	p.publish(t)
	p.serve = &serveOptions{listen: "127.0.0.1:0"}
	p.serve.source = sourceFlags{
		catalog: "oci://" + chartHost + "/toolforge/image-config", constraint: ">=1.0.0", interval: 100 * time.Millisecond,
		attemptLimit: limits.attempt, roundLimit: limits.round, proofEvery: limits.proof,
		credentials: func(_ context.Context, address string) (endpoint.Credential, error) {
			if !strings.HasSuffix(p.hosts[harborHost].URL, "://"+address) {
				return endpoint.Credential{}, nil
			}
			return endpoint.Credential{Username: "robot$bayplan", Password: robotSecret}, nil
		},
	}
	return p
}

func (p *faultyPlatform) upstreams() []*upstream { return []*upstream{p.charts, p.harbor, p.images} }

// reach has the service, once it is started, reach an upstream at an address.
func (p *faultyPlatform) reach(u *upstream, address string) {
	config := endpoint.Config{URL: "http://" + address}
	if u == p.harbor {
		config.Kind = endpoint.Harbor
	}
	p.hosts[u.host] = config
}

// secure has the service reach each upstream over TLS, by a name of its own, and
// gives the authority of their certificates. It goes before start.
func (p *faultyPlatform) secure(t *testing.T) *authority {
	t.Helper()
	ours := newAuthority(t)
	file := filepath.Join(t.TempDir(), "authority.pem")
	ours.write(t, file)
	for n, u := range p.upstreams() {
		u.dns = hostNames.name(fmt.Sprintf("upstream%d-%d", n, serials.Add(1)))
		u.hangUp()
		u.certify(ours.serves(t, u.dns))
		u.listen(t)
		_, port, err := net.SplitHostPort(u.address)
		require.NoError(t, err)
		config := p.hosts[u.host]
		config.URL, config.CAFile = "https://"+u.dns+":"+port, file
		p.hosts[u.host] = config
	}
	return ours
}

// serves makes a certificate for the server of a name.
func (a *authority) serves(t *testing.T, dns string) tls.Certificate {
	t.Helper()
	return a.sign(t, &x509.Certificate{DNSNames: []string{dns}, KeyUsage: x509.KeyUsageDigitalSignature})
}

// start starts the service and waits until it knows everything.
func (p *faultyPlatform) start(t *testing.T) {
	t.Helper()
	p.launch(t)
	for _, u := range p.upstreams() {
		eventually(t, func() error { return p.fresh(t, u) })
	}
	// What another version says is kept from now on.
	for _, q := range p.questions() {
		status, body := p.get(t, q)
		require.Equal(t, http.StatusOK, status, "%s: %s", q.path, body)
	}
}

// launch starts the service, whatever becomes of it.
func (p *faultyPlatform) launch(t *testing.T) {
	t.Helper()
	p.service = serveOf(t, p.serve, p.hosts)
	p.address = p.service.said(t, mainLine)
}

// questions are all routes for data and operations, and the forms of them that
// ask an upstream.
func (p *faultyPlatform) questions() []question {
	own := []string{"tool-alpha/alpha:latest", "tool-alpha/worker:latest"}
	all := append(slices.Clone(standardImages), own...)
	const resolve = "/v1/tool/alpha/images/resolve?name=node20&name=tool-alpha/worker&name=perl5.36"
	return []question{
		{path: "/v1/images", check: holds(all...)},
		{path: "/v1/images", fresh: true, check: holds(all...)},
		{path: "/v1/images?type=standard&exists=true&state=stable&sort=-short_name", check: holds(standardImages...)},
		{path: "/v1/images?version=1.0.0&fields=short_name", waits: true, check: mentions(`"short_name":"bookworm"`)},
		{path: "/v1/images/bookworm", check: is("bookworm")},
		{path: "/v1/images/node20", fresh: true, check: is("node20")},
		{path: "/v1/images/perl5.36", fresh: true, check: is("perl5.36")},
		{path: "/v1/images/tool-alpha/alpha:latest", fresh: true, check: is("tool-alpha/alpha:latest")},
		{path: "/v1/tool/alpha/images", tool: "alpha", check: holds(all...)},
		{path: "/v1/tool/alpha/images", tool: "alpha", fresh: true, check: holds(all...)},
		{path: "/v1/tool/gamma/images?type=buildservice", tool: "gamma", fresh: true, check: mentions(`"short_name":"tool-gamma/gamma:latest"`)},
		{path: resolve, tool: "alpha", check: are("node20", "tool-alpha/worker:latest", "perl5.36")},
		{path: resolve, tool: "alpha", fresh: true, check: are("node20", "tool-alpha/worker:latest", "perl5.36")},
		{path: "/v1/tool/alpha/images/resolve?name=python3.11&explain=true", tool: "alpha", fresh: true, check: is("python3.11")},
		{path: "/v1/image-config", check: mentions("bookworm:")},
		{path: "/v1/catalog", check: mentions(`"version":"1.0.`)},
		{path: "/v1/catalog/versions", waits: true, check: mentions(`"version":"1.0.0"`)},
		{path: "/v1/catalog/diff?from=1.0.0", waits: true, check: mentions(`"from":`)},
		{path: "/v1/drift", check: mentions(`"drift":`)},
		{path: "/v1/healthz", check: mentions("OK")},
		{path: "/v1/readyz"},
		{path: "/v1/metrics", check: mentions("bayplan_source_rounds_total")},
		{path: "/openapi.json"},
	}
}

// get asks the service one question, without any judgement.
func (p *faultyPlatform) get(t *testing.T, q question) (status int, body []byte) {
	t.Helper()
	request, err := q.request(t.Context(), p.address)
	require.NoError(t, err)
	response, err := testClient.Do(request)
	require.NoError(t, err)
	body, err = io.ReadAll(response.Body)
	require.NoError(t, errors.Join(err, response.Body.Close()))
	return response.StatusCode, body
}

// catalog gives what the service says of how it fares.
func (p *faultyPlatform) catalog(t *testing.T) api.Catalog {
	t.Helper()
	status, body := p.get(t, question{path: "/v1/catalog"})
	var answer api.CatalogAnswer
	if status == http.StatusOK { // it is empty before the first snapshot
		require.NoError(t, json.Unmarshal(body, &answer))
	}
	return answer.Catalog
}

// sources gives those that an upstream answers for.
func (p *faultyPlatform) sources(t *testing.T, u *upstream) []api.Source {
	t.Helper()
	return slices.DeleteFunc(p.catalog(t).Sources, func(s api.Source) bool { return !slices.Contains(u.kinds, s.Kind) })
}

// fresh tells why an upstream's sources are not all well; nil if they are.
func (p *faultyPlatform) fresh(t *testing.T, u *upstream) error {
	t.Helper()
	sources := p.sources(t, u)
	if len(sources) != len(u.kinds) {
		return fmt.Errorf("the %s has %d sources, not %d", u.name, len(sources), len(u.kinds))
	}
	for _, s := range sources {
		if s.Status != api.SourceOK || s.Stale {
			return fmt.Errorf("the %s as %s is %s, stale: %v, %v", u.name, s.Kind, s.Status, s.Stale, s.Error)
		}
	}
	return nil
}

// failing gives why an upstream's first source fails; nil if it does not.
func (p *faultyPlatform) failing(t *testing.T, u *upstream) *api.SourceError {
	t.Helper()
	for _, s := range p.sources(t, u) {
		if s.Kind == u.kinds[0] {
			return s.Error
		}
	}
	return nil
}

// marked tells what a client is not told while an upstream fails; nil if it is
// told that what it gets is old.
func (p *faultyPlatform) marked(t *testing.T, u *upstream) error {
	t.Helper()
	if u == p.charts {
		catalog := p.catalog(t)
		stale := slices.ContainsFunc(catalog.Sources, func(s api.Source) bool { return s.Kind == api.SourceChart && s.Stale })
		if !stale || !slices.ContainsFunc(catalog.Warnings, func(w string) bool { return strings.Contains(w, "stays served") }) {
			return fmt.Errorf("the catalog is not said to be the last good one: %q", catalog.Warnings)
		}
		return nil
	}
	kind := map[*upstream]string{p.harbor: api.TypeBuildservice, p.images: api.TypeStandard}[u]
	_, body := p.get(t, question{path: "/v1/images?type=" + kind})
	var list api.ImagesAnswer
	require.NoError(t, json.Unmarshal(body, &list))
	for _, image := range list.Images {
		if image.Host == u.host && !image.Stale {
			return fmt.Errorf("%s is not marked stale", image.ShortName)
		}
	}
	if !slices.ContainsFunc(list.Messages.Warning, func(w string) bool { return strings.Contains(w, u.host) }) {
		return fmt.Errorf("no warning is about %s: %q", u.host, list.Messages.Warning)
	}
	return nil
}

// change changes something behind an upstream, and gives what tells whether the
// service knows.
func (p *faultyPlatform) change(t *testing.T, u *upstream) (known func() error) {
	t.Helper()
	image, digest := "bookworm", ""
	switch u {
	case p.charts:
		version := p.publish(t)
		return func() error {
			if now := p.catalog(t).Version; now != version {
				return fmt.Errorf("version %s is served, not %s", now, version)
			}
			return nil
		}
	case p.harbor:
		var err error
		image = "tool-alpha/alpha:latest"
		digest, err = p.stand.Push("tool-alpha/alpha", "latest", harbortest.Profile{})
		require.NoError(t, err)
	case p.images:
		digest = p.pushImage(t, image)
	}
	return func() error {
		_, body := p.get(t, question{path: "/v1/images/" + image})
		var answer api.ImageAnswer
		require.NoError(t, json.Unmarshal(body, &answer))
		if answer.Image.Digest != digest {
			return fmt.Errorf("%s has digest %s, not %s", image, answer.Image.Digest, digest)
		}
		return nil
	}
}

// pushImage gives a standard image new content, and tells its digest.
func (p *faultyPlatform) pushImage(t *testing.T, repository string) string {
	t.Helper()
	image, err := random.Image(64, 1)
	require.NoError(t, err)
	tag, err := name.NewTag(p.imageRegistry.Host+"/"+repository+":latest", name.Insecure)
	require.NoError(t, err)
	require.NoError(t, remote.Write(tag, image, remote.WithContext(t.Context())))
	digest, err := image.Digest()
	require.NoError(t, err)
	return digest.String()
}

// publish publishes the next version of the catalog, which names one image more,
// and gives its number.
func (p *faultyPlatform) publish(t *testing.T) string {
	t.Helper()
	var values strings.Builder
	values.WriteString("formatVersion: \"1.0\"\nimages:\n")
	add := func(name, place string) {
		fmt.Fprintf(&values, "  %s: {state: stable, image: %s, variants: {jobs-framework: {image: %s}}}\n", name, place, place)
	}
	for _, name := range standardImages[:3] {
		add(name, imageHost+"/"+name)
	}
	add(standardImages[3], harborHost+"/toolforge/perl")
	for n := range p.version {
		add(fmt.Sprintf("added%d", n+1), fmt.Sprintf("%s/added%d", imageHost, n+1))
	}
	version := fmt.Sprintf("1.0.%d", p.version)
	p.version++
	archive := archiveOf(t, map[string]string{
		"Chart.yaml": "apiVersion: v2\nname: image-config\nversion: " + version + "\n", "values.yaml": values.String(),
	})
	hosts, err := endpoint.New(map[string]endpoint.Config{p.chartRegistry.Host: {PlainHTTP: true}}, endpoint.Options{})
	require.NoError(t, err)
	defer hosts.CloseIdle()
	repository := artifact.Reference{Host: p.chartRegistry.Host, Path: "toolforge/image-config"}
	_, err = artifact.New(hosts, artifact.Options{}).Publish(t.Context(), repository, artifact.Package{Archive: archive})
	require.NoError(t, err)
	return version
}

// rounds are the attempts at a source that the metrics count.
type rounds struct {
	ended    int
	took     time.Duration // all of them
	outcomes map[string]int
}

var (
	roundsLine = regexp.MustCompile(`(?m)^bayplan_source_rounds_total\{(.*)\} (\S+)$`)
	tookLine   = regexp.MustCompile(`(?m)^bayplan_source_round_duration_seconds_sum\{(.*)\} (\S+)$`)
	label      = regexp.MustCompile(`(\w+)="([^"]*)"`)
)

// rounds reads the metrics of an upstream's first source.
func (p *faultyPlatform) rounds(t *testing.T, u *upstream) rounds {
	t.Helper()
	_, body := p.get(t, question{path: "/v1/metrics"})
	out := rounds{outcomes: map[string]int{}}
	each := func(line *regexp.Regexp, f func(labels map[string]string, value float64)) {
		for _, found := range line.FindAllStringSubmatch(string(body), -1) {
			labels := map[string]string{}
			for _, l := range label.FindAllStringSubmatch(found[1], -1) {
				labels[l[1]] = l[2]
			}
			value, err := strconv.ParseFloat(found[2], 64)
			require.NoError(t, err)
			if labels["kind"] == u.kinds[0] {
				f(labels, value)
			}
		}
	}
	each(roundsLine, func(labels map[string]string, value float64) {
		out.outcomes[labels["outcome"]] += int(value)
		out.ended += int(value)
	})
	each(tookLine, func(_ map[string]string, value float64) { out.took += time.Duration(value * float64(time.Second)) })
	return out
}

// since gives how long rounds took on average that ended since an earlier
// reading; zero if none did.
func (r rounds) since(before rounds) time.Duration {
	if r.ended == before.ended {
		return 0
	}
	return (r.took - before.took) / time.Duration(r.ended-before.ended)
}

// eventually waits for a condition, and says what is wrong if it does not come.
// It gives how long that took.
func eventually(t *testing.T, condition func() error) time.Duration {
	t.Helper()
	began := time.Now()
	for {
		err := condition()
		took := time.Since(began)
		if err == nil {
			return took
		}
		if took > 2*patience {
			require.NoError(t, err, "after %v", took)
		}
		pauseFor(t.Context(), 20*time.Millisecond)
	}
}
