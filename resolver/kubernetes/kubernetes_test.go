package kubernetes_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/kubernetes"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/kubernetes/kubernetestest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/rotated"
)

const path = "/api/v1/namespaces/tf-public/configmaps/image-config"

var catalog = kubernetes.Reference{Namespace: "tf-public", Name: "image-config"}

// document is a legacy document with one image.
func document(name string) map[string]string {
	return map[string]string{chart.LegacyKey: name + ": {state: stable, image: a.example/" + name + "}\n"}
}

func of(version string) map[string]string {
	return map[string]string{"helm.sh/chart": "image-config-" + version}
}

// isolated takes away the configuration that the machine may have.
func isolated(t *testing.T) {
	t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "none"))
	t.Setenv("HOME", t.TempDir())
	t.Setenv("KUBERNETES_SERVICE_HOST", "")
	t.Setenv("KUBERNETES_SERVICE_PORT", "")
}

func start(t *testing.T) (*kubernetestest.Cluster, kubernetes.Options) {
	t.Helper()
	isolated(t)
	cluster := kubernetestest.Start()
	t.Cleanup(cluster.Close)
	file := filepath.Join(t.TempDir(), "kubeconfig")
	require.NoError(t, cluster.WriteKubeconfig(file, "tools", ""))
	return cluster, kubernetes.Options{Kubeconfig: file}
}

func follow(t *testing.T, opts kubernetes.Options) *kubernetes.ConfigMap {
	t.Helper()
	origin, err := kubernetes.Follow(catalog, opts)
	require.NoError(t, err)
	return origin
}

func TestAnUnchangedConfigMapCostsOneRequest(t *testing.T) {
	cluster, opts := start(t)
	cluster.Put("tf-public", "image-config", document("one"), of("0.0.28"))
	origin := follow(t, opts)
	require.Equal(t, "configmap://tf-public/image-config", origin.Name())

	offer, err := origin.Fetch(t.Context(), "")
	require.NoError(t, err)
	require.Equal(t, resolver.OriginConfigMap, offer.Kind)
	require.Equal(t, "0.0.28", offer.Version)
	require.Equal(t, "configmap://tf-public/image-config", offer.Reference)
	require.Empty(t, offer.Requested)
	loaded, err := offer.Source.Load()
	require.NoError(t, err)
	require.Equal(t, "0.0.28", loaded.Metadata.Version)
	require.Contains(t, loaded.Catalog.Images, "one")
	require.Equal(t, []string{path}, cluster.Requests())

	for range 3 {
		again, err := origin.Fetch(t.Context(), offer.Identity)
		require.NoError(t, err)
		require.Nil(t, again)
		require.Equal(t, []string{path + "?resourceVersion=101"}, cluster.Requests(), "what is no older than the last is asked for, once")
	}
}

func TestWhatChangesIsOffered(t *testing.T) {
	cluster, opts := start(t)
	cluster.Put("tf-public", "image-config", document("one"), of("0.0.28"))
	origin := follow(t, opts)
	first, err := origin.Fetch(t.Context(), "")
	require.NoError(t, err)

	cluster.Put("tf-public", "image-config", document("one"), of("0.0.28"))
	same, err := origin.Fetch(t.Context(), first.Identity)
	require.NoError(t, err)
	require.Nil(t, same, "only the object is newer")

	cluster.Put("tf-public", "image-config", document("one"), of("0.0.29"))
	second, err := origin.Fetch(t.Context(), first.Identity)
	require.NoError(t, err)
	require.Equal(t, "0.0.29", second.Version, "the same images of another chart")

	cluster.Put("tf-public", "image-config", document("two"), nil)
	third, err := origin.Fetch(t.Context(), second.Identity)
	require.NoError(t, err)
	require.Empty(t, third.Version, "without a label nobody knows")

	again, err := origin.Fetch(t.Context(), second.Identity)
	require.NoError(t, err)
	require.Equal(t, third.Identity, again.Identity, "whoever has not taken it is offered it again")
}

// A server that was restored from a backup, or forgot the version, is asked anew.
func TestAVersionThatTheServerDoesNotKnowIsLetGo(t *testing.T) {
	t.Run("restored", func(t *testing.T) {
		cluster, opts := start(t)
		cluster.Put("tf-public", "image-config", document("one"), nil)
		origin := follow(t, opts)
		first, err := origin.Fetch(t.Context(), "")
		require.NoError(t, err)
		cluster.Restore(7)
		cluster.Requests()
		again, err := origin.Fetch(t.Context(), first.Identity)
		require.NoError(t, err)
		require.Nil(t, again)
		require.Equal(t, []string{path + "?resourceVersion=101", path}, cluster.Requests())
		_, err = origin.Fetch(t.Context(), first.Identity)
		require.NoError(t, err)
		require.Equal(t, []string{path + "?resourceVersion=7"}, cluster.Requests())
	})
	t.Run("gone", func(t *testing.T) {
		cluster, opts := start(t)
		cluster.Put("tf-public", "image-config", document("one"), nil)
		origin := follow(t, opts)
		_, err := origin.Fetch(t.Context(), "")
		require.NoError(t, err)
		cluster.Answer(func(w http.ResponseWriter, _ *http.Request) {
			kubernetestest.Refuse(w, http.StatusGone, "Expired", "too old resource version", "", "")
		})
		cluster.Requests()
		_, err = origin.Fetch(t.Context(), "")
		require.True(t, fault.Is(err, fault.Unreachable), "%v", err)
		require.Equal(t, []string{path + "?resourceVersion=101", path}, cluster.Requests(), "twice, and no more")
	})
}

func TestEachFailureHasItsKind(t *testing.T) {
	status := func(code int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(code)
			_, _ = w.Write([]byte(body))
		}
	}
	configMap := func(rest string) http.HandlerFunc {
		return status(200, `{"kind": "ConfigMap", "metadata": {"name": "image-config", "namespace": "tf-public"`+rest+`}`)
	}
	for _, c := range []struct {
		name   string
		answer http.HandlerFunc
		kind   fault.Kind
		want   string
	}{
		{"401", status(401, "no"), fault.Denied, "it answers 401 Unauthorized"},
		{"403", func(w http.ResponseWriter, _ *http.Request) {
			kubernetestest.Refuse(w, 403, "Forbidden", `configmaps "image-config" is forbidden`, "image-config", "configmaps")
		}, fault.Denied, "it answers 403 Forbidden"},
		{"404 of the object", func(w http.ResponseWriter, _ *http.Request) {
			kubernetestest.Refuse(w, 404, "NotFound", `configmaps "image-config" not found`, "image-config", "configmaps")
		}, fault.NotFound, "there is no such ConfigMap"},
		{"404 of a server that knows no ConfigMaps", func(w http.ResponseWriter, _ *http.Request) {
			kubernetestest.Refuse(w, 404, "NotFound", "the server could not find the requested resource", "", "")
		}, fault.Unreachable, "404 Not Found, and not about this ConfigMap"},
		{"404 of anybody", status(404, "<html>"), fault.Unreachable, "not about this ConfigMap"},
		{"410", status(410, ""), fault.Unreachable, "does not know this version"},
		{"429", status(429, ""), fault.RateLimited, "429"},
		{"500", status(500, ""), fault.Unreachable, "500"},
		{"503", status(503, ""), fault.Unreachable, "503"},
		{"204", status(204, ""), fault.Unreachable, "it answers 204"},
		{"a redirect", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://127.0.0.1:1/", http.StatusFound)
		}, fault.Unreachable, "302"},
		{"garbage", status(200, "<html>"), fault.Unreachable, "not of the Kubernetes API"},
		{"null", status(200, "null"), fault.Unreachable, "not of the Kubernetes API"},
		{"another object", status(200, `{"kind": "ConfigMap", "metadata": {"name": "other", "namespace": "tf-public"}}`), fault.Unreachable, "not of the Kubernetes API"},
		{"a key twice", configMap(`}, "data": {"images-v1.yaml": "a", "images-v1.yaml": "b"}`), fault.Unreachable, "not of the Kubernetes API"},
		{"no key", configMap(`}, "data": {"other": "a: {}"}`), fault.Invalid, "it has no key images-v1.yaml"},
		{"no data", configMap(`}, "data": null`), fault.Invalid, "it has no key images-v1.yaml"},
		{"too large", configMap(`}, "data": {"images-v1.yaml": "` + strings.Repeat("a", kubernetes.MaxAnswer) + `"}`), fault.TooLarge, "more than 4194304 bytes"},
		{"endless", func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 1<<16)); err != nil {
					return
				}
			}
		}, fault.TooLarge, "more than 4194304 bytes"},
		{"slow", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, fault.Unreachable, "no answer in time"},
		{"slow in the middle", func(w http.ResponseWriter, r *http.Request) {
			_, _ = w.Write([]byte("{"))
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}, fault.Unreachable, "no answer in time"},
		{"cut off", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write([]byte("{"))
		}, fault.Unreachable, "closed the connection"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cluster, opts := start(t)
			opts.Timeout = 5 * time.Second
			if strings.HasPrefix(c.name, "slow") {
				opts.Timeout = 50 * time.Millisecond
			}
			cluster.Answer(c.answer)
			_, err := follow(t, opts).Fetch(t.Context(), "")
			require.True(t, fault.Is(err, c.kind), "%v is %s", err, fault.KindOf(err))
			require.ErrorContains(t, err, "read catalog: configmap://tf-public/image-config: ")
			require.ErrorContains(t, err, c.want)
			require.NotContains(t, err.Error()+fault.HintOf(err), kubernetestest.Token)
			require.NotContains(t, fault.HintOf(err), "docker")
			if c.kind == fault.Denied {
				require.Contains(t, fault.HintOf(err), "kubectl")
			}
			if c.kind == fault.RateLimited {
				require.Equal(t, 7*time.Second, fault.RetryAfterOf(err))
			}
		})
	}
}

func TestNobodyThere(t *testing.T) {
	cluster, opts := start(t)
	origin := follow(t, opts)
	cluster.Close()
	_, err := origin.Fetch(t.Context(), "")
	require.True(t, fault.Is(err, fault.Unreachable), "%v", err)
	require.ErrorContains(t, err, "connection refused")

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = origin.Fetch(ctx, "")
	require.True(t, fault.Is(err, fault.Unreachable), "%v", err)
}

// The server's certificate is checked, and the token shown to it alone.
func TestAServerOfAnotherAuthorityIsNotAsked(t *testing.T) {
	cluster, opts := start(t)
	text, err := os.ReadFile(opts.Kubeconfig)
	require.NoError(t, err)
	changed := strings.Replace(string(text), `"certificate-authority-data"`, `"other"`, 1)
	require.NoError(t, os.WriteFile(opts.Kubeconfig, []byte(changed), 0o600))
	_, err = follow(t, opts).Fetch(t.Context(), "")
	require.True(t, fault.Is(err, fault.Unreachable), "%v", err)
	require.ErrorContains(t, err, "unknown authority")
	require.Empty(t, cluster.Requests())
}

func TestTheClusterIsFoundAsKubectlFindsIt(t *testing.T) {
	cluster, opts := start(t)
	cluster.Put("tf-public", "image-config", document("one"), nil)
	file := opts.Kubeconfig
	fetch := func(t *testing.T, opts kubernetes.Options) error {
		_, err := follow(t, opts).Fetch(t.Context(), "")
		return err
	}
	t.Run("a file that is named", func(t *testing.T) {
		require.NoError(t, fetch(t, kubernetes.Options{Kubeconfig: file}))
	})
	t.Run("KUBECONFIG, of several files", func(t *testing.T) {
		t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "none")+string(filepath.ListSeparator)+file)
		require.NoError(t, fetch(t, kubernetes.Options{}))
	})
	t.Run("a context", func(t *testing.T) {
		require.NoError(t, fetch(t, kubernetes.Options{Kubeconfig: file, Context: "tools"}))
		err := fetch(t, kubernetes.Options{Kubeconfig: file, Context: "anonymous"})
		require.True(t, fault.Is(err, fault.Denied), "%v", err)
	})
	for name, opts := range map[string]kubernetes.Options{
		`context "other" does not exist`: {Kubeconfig: file, Context: "other"},
		"no such file or directory":      {Kubeconfig: filepath.Join(t.TempDir(), "none")},
		"no cluster is configured":       {},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := kubernetes.Follow(catalog, opts)
			require.True(t, fault.Is(err, fault.Usage), "%v", err)
			require.ErrorContains(t, err, name)
		})
	}
	t.Run("no kubeconfig at all", func(t *testing.T) {
		bad := filepath.Join(t.TempDir(), "bad")
		require.NoError(t, os.WriteFile(bad, []byte("\t{"), 0o600))
		_, err := kubernetes.Follow(catalog, kubernetes.Options{Kubeconfig: bad})
		require.True(t, fault.Is(err, fault.Usage), "%v", err)
	})
}

func TestReferencesAreParsed(t *testing.T) {
	ref, err := kubernetes.ParseReference("configmap://tf-public/image-config")
	require.NoError(t, err)
	require.Equal(t, catalog, ref)
	require.Equal(t, "configmap://tf-public/image-config", ref.String())
	for _, text := range []string{"", "image-config", "configmap://", "configmap://a", "configmap:///a", "configmap://a/", "configmap://a/b/c", "configmap://A/b", "configmap://a.b/c", "configmap://a/..", "configmap://a/b?c", "oci://a/b"} {
		_, err := kubernetes.ParseReference(text)
		require.True(t, fault.Is(err, fault.Usage), "%q: %v", text, err)
	}
}

// Behind the resolver the usual rules hold.
func TestABrokenOrDeletedConfigMapLeavesTheLastGoodCatalog(t *testing.T) {
	cluster, opts := start(t)
	cluster.Put("tf-public", "image-config", document("one"), of("0.0.28"))
	r := resolver.New(follow(t, opts), func(string) resolver.Live { return nobody{} }, resolver.Options{})
	t.Cleanup(r.Close)
	require.NoError(t, r.Refresh(t.Context()))
	good := r.Snapshot()
	require.NotNil(t, good.Image("one"))

	for what, data := range map[string]map[string]string{
		"bent":    {chart.LegacyKey: "3.20: {state: stable, image: a.example/one}"},
		"no YAML": {chart.LegacyKey: "["},
		"empty":   {chart.LegacyKey: ""},
		"no key":  {},
	} {
		cluster.Put("tf-public", "image-config", data, of("0.0.29"))
		require.NoError(t, r.Refresh(t.Context()), what)
		require.Same(t, good, r.Snapshot(), what)
		require.NotNil(t, r.Status().Refused, what)
	}
	cluster.Delete("tf-public", "image-config")
	require.NoError(t, r.Refresh(t.Context()))
	require.Same(t, good, r.Snapshot())
	require.Contains(t, r.Status().Warnings, "version 0.0.28 is no longer where it was published: it stays served")

	cluster.Put("tf-public", "image-config", document("two"), of("0.0.27"))
	require.NoError(t, r.Refresh(t.Context()))
	require.NotNil(t, r.Snapshot().Image("two"), "who deploys an older chart means it")
	require.Nil(t, r.Status().Refused)
	require.Empty(t, r.Status().Warnings)
}

// nobody is a registry that cannot be asked.
type nobody struct{}

func (nobody) Ask(context.Context, []fact.Reference) fact.Report {
	return fact.Report{Err: fault.New(fault.Unreachable, "ask registry", "a.example", "connection refused")}
}

func ExampleParseReference() {
	ref, err := kubernetes.ParseReference("configmap://tf-public/image-config")
	fmt.Println(ref.Namespace, ref.Name, err)
	// Output: tf-public image-config <nil>
}

// The token of a file is the one of now; a file that is no good leaves the last one.
func TestTheTokenIsReplaced(t *testing.T) {
	isolated(t)
	cluster := kubernetestest.Start()
	t.Cleanup(cluster.Close)
	dir := t.TempDir()
	kubeconfig, token := filepath.Join(dir, "kubeconfig"), filepath.Join(dir, "token")
	write := func(text string) { require.NoError(t, os.WriteFile(token, []byte(text), 0o600)) }
	require.NoError(t, cluster.WriteKubeconfig(kubeconfig, "tools", token))
	_, err := kubernetes.Follow(catalog, kubernetes.Options{Kubeconfig: kubeconfig})
	require.Equal(t, fault.Usage, fault.KindOf(err))

	cluster.Put("tf-public", "image-config", document("one"), of("0.0.28"))
	var shown []string
	cluster.Admit(func(token string) bool { shown = append(shown, token); return true })
	files := rotated.New(nil)
	write("first\n")
	origin := follow(t, kubernetes.Options{Kubeconfig: kubeconfig, Files: files})
	for _, text := range []string{"", "", "second", " \n", "two words", "third\n", "\x00\x01"} {
		if text != "" {
			write(text)
			files.Look()
		}
		_, err := origin.Fetch(t.Context(), "")
		require.NoError(t, err)
	}
	require.Equal(t, []string{"first", "first", "second", "second", "second", "third", "third"}, shown)
}
