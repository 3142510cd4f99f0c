package main

import (
	"bytes"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// cannotList keeps a replica from reading what Harbor has: its chart and its
// standard images it gets.
func cannotList(m *member) (mend func()) {
	var broken http.HandlerFunc = func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/api/v2.0/repositories") {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		m.fleet.harbor.ServeHTTP(w, r)
	}
	m.wire.instead.Store(&broken)
	return func() { m.wire.instead.Store(nil) }
}

// A new replica without a disk begins with what a peer publishes, over the mutual
// TLS that both take, before it has read anything of Harbor: all that is public, marked
// stale with its age, and nothing that is private. When it has read, it answers as
// the others do.
func TestAFreshReplicaBeginsWithWhatAPeerHas(t *testing.T) {
	f := newFleet(t)
	f.harbor.Seed(harbortest.Seed{Prefix: "tool-t", Projects: 200})
	f.alike(t, "tool-t000199/tool-t000199:latest")
	fresh := f.enlist(t, "--seed", "https://"+strings.Replace(f.members[0].address, "127.0.0.1", "localhost", 1), "--seed-ca", f.files.clientCA)
	mend := cannotList(fresh)
	began := time.Now()
	fresh.boot(t)
	fresh.said(t, mainLine)
	require.Eventually(t, fresh.ready, patience, pollEvery)
	require.Eventually(t, func() bool { return strings.Contains(fresh.get(t, "/v1/images").body, "tool-t000199") }, patience, pollEvery)
	a := fresh.get(t, "/v1/images")
	t.Logf("%d bytes of a seeded list %s after the start of the process", len(a.body), time.Since(began).Round(time.Millisecond))

	require.Equal(t, http.StatusOK, a.status)
	require.NotContains(t, a.body, "gamma")
	var list, peers api.ImagesAnswer
	require.NoError(t, json.Unmarshal([]byte(a.body), &list))
	require.NoError(t, json.Unmarshal([]byte(f.members[0].get(t, "/v1/images").body), &peers))
	require.Len(t, list.Images, len(peers.Images))
	for n, image := range list.Images {
		if image.Type == api.TypeBuildservice {
			require.True(t, image.Stale, image.ShortName)
		}
		image.Stale = false
		require.Equal(t, peers.Images[n], image)
	}
	require.Regexp(t, "are as another replica had them, private ones left out", strings.Join(list.Messages.Warning, "\n"))
	require.Contains(t, fresh.output(), "a seed is served, marked stale, until the sources answer")
	var catalog api.CatalogAnswer
	require.NoError(t, json.Unmarshal([]byte(fresh.get(t, "/v1/catalog").body), &catalog))
	for _, source := range catalog.Catalog.Sources {
		if source.Kind == "users" {
			require.True(t, source.Stale)
			require.NotNil(t, source.AgeSeconds)
			require.Less(t, *source.AgeSeconds, patience.Seconds())
			require.Empty(t, source.Users.Advice)
		}
	}
	// What a seed cannot know is not said not to be there.
	a = fresh.get(t, "/v1/tool/gamma/images/resolve?name=tool-gamma/gamma:latest", "X-Toolforge-Tool", "gamma")
	require.Equal(t, http.StatusOK, a.status)
	require.Contains(t, a.body, `"stale":true`)
	require.NotContains(t, a.body, `"exists"`)

	mend()
	f.members = append(f.members, fresh)
	f.alike(t)
	require.NotContains(t, fresh.get(t, "/v1/images").body, `"stale"`)
	require.Contains(t, fresh.get(t, "/v1/tool/gamma/images", "X-Toolforge-Tool", "gamma").body, "tool-gamma/gamma:latest")
}

// What a replica itself heard goes before a seed, on its disk as in its sources:
// the seed of a peer that knows less, and of one that knows what is not there, takes
// nothing away and leaves nothing behind.
func TestASeedStandsAgainstNothing(t *testing.T) {
	f := newPlatform(t)
	file := filepath.Join(t.TempDir(), "rows")
	replace(t, file, ghosts())
	m := f.enlist(t, "--seed", file, "--state-dir", filepath.Join(t.TempDir(), "state"))
	mend := cannotList(m)
	m.boot(t)
	m.said(t, mainLine)
	require.Eventually(t, m.ready, patience, pollEvery)
	require.Contains(t, m.get(t, "/v1/images").body, "tool-ghost/v:latest")
	mend()
	m.settled(t)
	require.NotContains(t, m.get(t, "/v1/images").body, "ghost")
	m.terminate(t)

	cannotList(m)
	m.boot(t)
	m.said(t, mainLine)
	require.Eventually(t, m.ready, patience, pollEvery)
	a := m.get(t, "/v1/images")
	require.NotContains(t, a.body, "ghost", "there is something on disk")
	require.Contains(t, a.body, "tool-alpha/alpha:latest")
	require.NotContains(t, m.output(), "a seed is served")
}

// ghosts is an export of images that are not there.
func ghosts() string {
	rows := `{"export":{"format":"1.0","created_at":"` + time.Now().UTC().Format(time.RFC3339) + `"},"images":[`
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s", "t", "u", "v"} {
		rows += `{"type":"buildservice","host":"harbor.example","path":"tool-ghost/` + name + `","tag":"latest","digest":"sha256:` + strings.Repeat("0", 64) + `"},`
		rows += `{"type":"standard","host":"harbor.example","path":"ghost/` + name + `","tag":"latest","exists":true},`
	}
	return strings.TrimSuffix(rows, ",") + "]}"
}

// slowPeer has an export of ghosts, which it sends once it is let.
func slowPeer(t *testing.T) (url string, asked <-chan struct{}, send func()) {
	t.Helper()
	came, sends := make(chan struct{}, 1), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		came <- struct{}{}
		select {
		case <-sends:
		case <-r.Context().Done():
		}
		_, _ = w.Write([]byte(ghosts())) // whoever went does not need it
	}))
	t.Cleanup(server.Close)
	return server.URL + "/images.json", came, sync.OnceFunc(func() { close(sends) })
}

// A process is alive and ready while its seed is still to come, for as long as that
// takes, and takes it then: its own source has not answered.
func TestASlowSeedKeepsNobodyWaiting(t *testing.T) {
	f := newPlatform(t)
	url, asked, send := slowPeer(t)
	m := f.enlist(t, "--seed", url)
	mend := cannotList(m)
	m.boot(t)
	m.said(t, mainLine)
	<-asked
	require.Equal(t, http.StatusOK, statusOf(t, m.operations+"/v1/healthz"))
	require.Eventually(t, m.ready, patience, pollEvery)
	a := m.get(t, "/v1/images")
	require.Contains(t, a.body, `"short_name":"bookworm"`)
	require.NotContains(t, a.body, "ghost")
	require.Regexp(t, "images that tools built are not known", a.body)

	send()
	require.Eventually(t, func() bool { return strings.Contains(m.get(t, "/v1/images").body, `"tool-ghost/v:latest"`) }, patience, pollEvery)
	require.Regexp(t, "are as another replica had them", m.get(t, "/v1/images").body)
	mend()
	m.settled(t)
	require.NotContains(t, m.get(t, "/v1/images").body, "ghost")
}

// A seed that comes when the sources have answered changes nothing.
func TestASeedThatIsOvertaken(t *testing.T) {
	f := newPlatform(t)
	url, asked, send := slowPeer(t)
	m := f.enlist(t, "--seed", url)
	m.boot(t)
	m.said(t, mainLine)
	<-asked
	m.settled(t)
	before := m.get(t, "/v1/images")
	send()
	m.said(t, regexp.MustCompile(`level=INFO msg="the seed is not needed`))
	after := m.get(t, "/v1/images")
	require.Equal(t, before.body, after.body)
	require.Equal(t, before.header.Get("ETag"), after.header.Get("ETag"))
}

// Seeds that are of no use are told, and keep nobody waiting: the replica starts
// as one without.
func TestSeedsThatAreOfNoUse(t *testing.T) {
	f := newPlatform(t)
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		replace(t, path, text)
		return path
	}
	now := time.Now().UTC()
	export := func(at time.Time) string {
		return `{"export":{"format":"1.0","created_at":"` + at.Format(time.RFC3339) + `"},"images":[]}`
	}
	silent, err := new(net.ListenConfig).Listen(testContext(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, silent.Close()) })
	endless := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write([]byte(`{"x":[` + strings.Repeat("1,", 1000))); err != nil {
				return
			}
			time.Sleep(time.Millisecond)
		}
	}))
	t.Cleanup(endless.Close)
	elsewhere := httptest.NewServer(http.RedirectHandler("http://127.0.0.1:1/v1/images", http.StatusFound))
	t.Cleanup(elsewhere.Close)
	pipe := filepath.Join(dir, "pipe")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	stranger := newAuthority(t)
	stranger.write(t, filepath.Join(dir, "stranger.crt"))
	signed := write("signed.json", export(now))
	replace(t, signed+".asc", "no signature")
	ring, sign := publicRing(t)
	changed := write("changed.json", export(now.Add(-time.Minute)))
	replace(t, changed+".asc", sign(export(now)))

	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"no file":      {[]string{filepath.Join(dir, "nowhere")}, "no such file"},
		"a pipe":       {[]string{pipe}, "it is no file"},
		"empty":        {[]string{write("empty", "")}, "read the seed"},
		"damaged":      {[]string{write("damaged", export(now)[:40])}, "unexpected EOF"},
		"a list":       {[]string{write("list", `{"images":[],"messages":{}}`)}, "does not say when it was written"},
		"too old":      {[]string{write("old", export(now.Add(-25*time.Hour)))}, "longer than 24h0m0s"},
		"of tomorrow":  {[]string{write("new", export(now.Add(time.Hour)))}, "clocks do not agree"},
		"not signed":   {[]string{write("unsigned", export(now)), "--seed-keyring", ring}, "unsigned.asc: no such file"},
		"badly signed": {[]string{signed, "--seed-keyring", ring}, "verify the seed"},
		"changed":      {[]string{changed, "--seed-keyring", ring}, "verify the seed"},
		"nobody there": {[]string{"http://127.0.0.1:1"}, "refused"},
		"silence":      {[]string{"http://" + silent.Addr().String(), "--seed-timeout", "1s"}, "not there after 1s"},
		"no end":       {[]string{endless.URL + "/images.json", "--seed-timeout", "1s"}, "not there after 1s"},
		"sent away":    {[]string{elsewhere.URL}, "redirects to another place"},
		"no Bayplan":   {[]string{newWire(t, f.harbor).url}, "404"},
		"wrong TLS": {[]string{"https://" + strings.TrimPrefix(httptestTLS(t), "https://"), "--seed-ca", filepath.Join(dir, "stranger.crt")},
			"certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := f.enlist(t, append([]string{"--seed"}, c.args...)...)
			m.boot(t)
			m.said(t, mainLine)
			m.said(t, regexp.MustCompile(`level=WARN msg="there is no seed: this process begins with what its own sources answer" seed=.* error=".*`+c.says))
			m.settled(t)
		})
	}
}

// httptestTLS is a server whose certificate nobody vouches for.
func httptestTLS(t *testing.T) string {
	t.Helper()
	server := httptest.NewTLSServer(http.NotFoundHandler())
	server.Config.ErrorLog = nil
	t.Cleanup(server.Close)
	return server.URL
}

// publicRing writes a ring with one key, and gives what signs with it.
func publicRing(t *testing.T) (path string, sign func(text string) string) {
	t.Helper()
	entity, err := openpgp.NewEntity("ann", "", "ann@example.org", &packet.Config{Algorithm: packet.PubKeyAlgoRSA, RSABits: 2048})
	require.NoError(t, err)
	var open bytes.Buffer
	require.NoError(t, entity.Serialize(&open))
	path = filepath.Join(t.TempDir(), "ring")
	replace(t, path, open.String())
	return path, func(text string) string {
		var signature bytes.Buffer
		require.NoError(t, openpgp.ArmoredDetachSign(&signature, entity, strings.NewReader(text), nil))
		return signature.String()
	}
}
