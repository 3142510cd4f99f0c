package resolver_test

import (
	"context"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/registry"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/registrytest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
)

// reach gives the real sources for hosts that are reached at URLs.
func reach(t testing.TB, urls map[string]string, opts endpoint.Options) resolver.LiveFunc {
	t.Helper()
	configs := map[string]endpoint.Config{}
	for host, url := range urls {
		configs[host] = endpoint.Config{URL: url}
	}
	hosts, err := endpoint.New(configs, opts)
	require.NoError(t, err)
	t.Cleanup(hosts.CloseIdle)
	return func(host string) resolver.Live {
		return registry.New(hosts.For(host), registry.Options{
			Wait: func(context.Context, time.Duration) error { return nil },
		})
	}
}

// push puts a new image under a repository's tag, and gives its digest.
func push(t testing.TB, s *registrytest.Server, repository string) string {
	t.Helper()
	image, err := random.Image(16, 1)
	require.NoError(t, err)
	return pushImage(t, s, repository, image)
}

func pushImage(t testing.TB, s *registrytest.Server, repository string, image v1.Image) string {
	t.Helper()
	ref, err := name.ParseReference(s.Host + "/" + repository + ":latest")
	require.NoError(t, err)
	require.NoError(t, remote.Write(ref, image))
	digest, err := image.Digest()
	require.NoError(t, err)
	return digest.String()
}

// blackhole takes connections and never says anything.
func blackhole(t testing.TB) (url string) {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var held sync.WaitGroup
	done := make(chan struct{})
	held.Go(func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			held.Go(func() {
				<-done
				_ = connection.Close() // nothing was ever sent
			})
		}
	})
	t.Cleanup(func() {
		close(done)
		require.NoError(t, listener.Close())
		held.Wait()
	})
	return "http://" + listener.Addr().String()
}

func TestWhatARegistryHoldsIsWhatIsServed(t *testing.T) {
	a, b := registrytest.InProcess(t), registrytest.InProcess(t)
	one, three := push(t, a, "one"), push(t, b, "deep/three")
	catalog := `formatVersion: "1.0"
images:
  one: {state: stable, image: a.example/one}
  two: {state: stable, image: a.example/two}
  three:
    state: stable
    variants:
      jobs-framework: {image: b.example/deep/three}
      webservice: {image: a.example/one, extra: {wstype: generic}}
`
	r := start(t, newFolder(t, catalog).origin(), reach(t, map[string]string{"a.example": a.URL, "b.example": b.URL}, endpoint.Options{}), resolver.Options{})
	require.NoError(t, r.Refresh(t.Context()))
	s := r.Snapshot()
	require.Equal(t, "present "+one, view(s, "one"))
	require.Equal(t, "absent", view(s, "two"))
	require.Equal(t, "present "+three, view(s, "three"))
	require.Equal(t, "b.example/deep/three:latest@"+three, s.Image("three").Pinned())
	require.Equal(t, one, s.Image("three").Variant("webservice").Digest)
	require.Equal(t, []string{"latest"}, s.Image("one").Tags)
	require.Equal(t, []string{}, s.Image("two").Tags)

	moved := push(t, a, "one")
	require.NoError(t, r.Refresh(t.Context()))
	require.Equal(t, "present "+moved, view(r.Snapshot(), "one"), "a moved tag shows after the next refresh")
	require.Equal(t, moved, r.Snapshot().Image("three").Variant("webservice").Digest)
	require.Equal(t, "present "+one, view(s, "one"), "and changes no snapshot that was published")

	ref, err := name.ParseReference(b.Host + "/deep/three:latest")
	require.NoError(t, err)
	require.NoError(t, remote.Delete(ref))
	require.NoError(t, r.Refresh(t.Context()))
	require.Equal(t, fact.Absent, r.Snapshot().Image("three").Exists, "a deleted image is not there")
	require.Empty(t, r.Snapshot().Image("three").Pinned())
	require.Empty(t, texts(r.Snapshot()))

	for _, server := range []*registrytest.Server{a, b} {
		for _, request := range server.Requests() {
			if request.Method == http.MethodGet {
				require.NotContains(t, request.Path, "/manifests/", "a GET of a manifest would count as a pull")
			}
		}
	}
}

// A host that takes connections and says nothing delays nobody: not the first
// snapshot beyond FirstWait, not the others' news, not the end of Run.
func TestABlackholeDelaysNobody(t *testing.T) {
	a := registrytest.InProcess(t)
	one := push(t, a, "one")
	r := start(t, newFolder(t, two).origin(), reach(t, map[string]string{"a.example": a.URL, "b.example": blackhole(t)}, endpoint.Options{}),
		resolver.Options{Interval: time.Millisecond, FirstWait: 50 * time.Millisecond})
	all := published(r)
	stop := run(t, r)

	// On a busy machine a.example may take longer than FirstWait, too.
	first := await(t, all, func(s *snapshot.Snapshot) bool { return view(s, "one") == "present "+one })
	require.Equal(t, "unknown", view(first, "two"))
	require.Equal(t, []string{"b.example has not answered yet: it is not known which of its images exist"}, texts(first))

	moved := push(t, a, "one")
	await(t, all, func(s *snapshot.Snapshot) bool { return view(s, "one") == "present "+moved })
	require.True(t, r.Status().Sources[2].LastAttempt.IsZero(), "b.example is still in its first round")
	began := time.Now()
	stop()
	require.Less(t, time.Since(began), 5*time.Second, "its time-out is 10 s")
}

func TestAHostDiesAndRecovers(t *testing.T) {
	for name, die := range map[string]registrytest.Hook{
		"stalls": func(_ http.ResponseWriter, r *http.Request, _ http.Handler) bool {
			<-r.Context().Done()
			return true
		},
		"breaks connections": func(w http.ResponseWriter, _ *http.Request, _ http.Handler) bool {
			connection, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				_ = connection.Close() // that is the fault
			}
			return true
		},
		"500":                   answering(http.StatusInternalServerError),
		"503":                   answering(http.StatusServiceUnavailable),
		"401":                   answering(http.StatusUnauthorized),
		"403":                   answering(http.StatusForbidden),
		"404 everywhere":        answering(http.StatusNotFound),
		"a web page everywhere": answering(http.StatusOK),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, b := registrytest.InProcess(t), registrytest.InProcess(t)
			one, other := push(t, a, "one"), push(t, b, "two")
			r := start(t, newFolder(t, two).origin(), reach(t, map[string]string{"a.example": a.URL, "b.example": b.URL},
				endpoint.Options{Timeout: 2 * time.Second}), resolver.Options{})
			require.NoError(t, r.Refresh(t.Context()))

			b.Hook(die)
			require.NoError(t, r.Refresh(t.Context()))
			s := r.Snapshot()
			require.Equal(t, "present "+one, view(s, "one"))
			require.Equal(t, "present "+other+" stale", view(s, "two"))
			require.Equal(t, []string{"b.example cannot be asked now: its images are as it last answered"}, texts(s))
			require.Error(t, r.Status().Sources[2].Err)

			b.Hook(nil)
			require.NoError(t, r.Refresh(t.Context()))
			require.Equal(t, "present "+other, view(r.Snapshot(), "two"))
			require.Empty(t, texts(r.Snapshot()))
		})
	}
}

// answering answers everything with one status and a web page.
func answering(status int) registrytest.Hook {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) bool {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(status)
		_, _ = w.Write([]byte("<html>elsewhere</html>"))
		return true
	}
}

func TestRetryAfterOfARegistryIsHonoured(t *testing.T) {
	a := registrytest.InProcess(t)
	a.Hook(func(w http.ResponseWriter, _ *http.Request, _ http.Handler) bool {
		w.Header().Set("Retry-After", "30")
		w.WriteHeader(http.StatusTooManyRequests)
		return true
	})
	r := start(t, newFolder(t, lone).origin(), reach(t, map[string]string{"a.example": a.URL}, endpoint.Options{}), resolver.Options{})
	require.NoError(t, r.Refresh(t.Context()))
	require.True(t, fault.Is(r.Status().Sources[1].Err, fault.RateLimited))
	asked := len(a.Requests())
	for range 10 {
		require.NoError(t, r.Refresh(t.Context()))
	}
	require.Len(t, a.Requests(), asked)
}

// Whatever a host answers to a password, it is in no error and no log.
func TestSecretsStaySecret(t *testing.T) {
	const password = "correct-horse"
	a := registrytest.InProcess(t)
	var shown sync.Map
	a.Hook(func(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		if _, sent, ok := r.BasicAuth(); ok {
			shown.Store(sent, true)
		}
		w.Header().Set("WWW-Authenticate", `Basic realm="`+password+`"`)
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = w.Write([]byte(password))
		return true
	})
	book := &logbook{}
	r := start(t, newFolder(t, lone).origin(), reach(t, map[string]string{"a.example": a.URL}, endpoint.Options{
		Credentials: func(context.Context, string) (endpoint.Credential, error) {
			return endpoint.Credential{Username: "robot", Password: password}, nil
		},
	}), resolver.Options{Logger: book.logger()})
	require.NoError(t, r.Refresh(t.Context()))
	_, sent := shown.Load(password)
	require.True(t, sent)
	err := r.Status().Sources[1].Err
	require.True(t, fault.Is(err, fault.Denied), "%v", err)
	lines := book.take()
	require.NotEmpty(t, lines)
	for _, text := range append(lines, err.Error(), fault.HintOf(err), strings.Join(texts(r.Snapshot()), " ")) {
		require.NotContains(t, text, password)
		require.NotContains(t, text, "cm9ib3Q6", "nor in base64")
	}
}
