package helmtest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// emptyCluster answers what Helm 3 asks a cluster even in a dry run on the client's
// side: who are you, which kinds do you know, and is it there already. It knows
// ConfigMaps, has none, and takes none.
func emptyCluster(t *testing.T) string {
	t.Helper()
	answers := map[string]string{
		"/version": `{"major": "1", "minor": "35", "gitVersion": "v1.35.0"}`,
		"/api":     `{"kind": "APIVersions", "versions": ["v1"]}`,
		"/api/v1": `{"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "v1", "resources": [
			{"name": "configmaps", "singularName": "configmap", "namespaced": true, "kind": "ConfigMap", "verbs": ["get"]}]}`,
		"/apis": `{"kind": "APIGroupList", "apiVersion": "v1", "groups": []}`,
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, found := answers[r.URL.Path]
		if !found || r.Method != http.MethodGet {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// notes shows what `helm install` would print.
func notes(t *testing.T, h helm, chart string, args ...string) string {
	t.Helper()
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	require.NoError(t, os.WriteFile(kubeconfig, []byte(`
apiVersion: v1
kind: Config
current-context: test
clusters: [{name: test, cluster: {server: "`+emptyCluster(t)+`"}}]
contexts: [{name: test, context: {cluster: test, user: test}}]
users: [{name: test, user: {}}]
`), 0o600))
	args = append([]string{"install", "image-config", chart, "--namespace", "tf-public",
		"--dry-run=client", "--disable-openapi-validation"}, args...)
	out := h.run(t, []string{"KUBECONFIG=" + kubeconfig}, args...)
	require.NoError(t, out.err, out.all())
	_, text, found := strings.Cut(out.stdout, "\nNOTES:\n")
	require.True(t, found, out.stdout)
	return text
}

func TestNotesOfTheShippedChart(t *testing.T) {
	eachHelm(t, func(t *testing.T, h helm) {
		text := notes(t, h, chartPath(t))
		require.Contains(t, text, "image-config 0.0.0-sample.1 describes 41 images: 25 stable, 0 beta, 16 deprecated.\n")
		require.Contains(t, text, "kubectl --namespace tf-public get configmap image-config")
		require.Contains(t, text, "Without a flat `image` key: 41 of 41.")
		require.Contains(t, text, "no replacedBy to send people to: golang1.11.\n")
		require.NotContains(t, text, "\n\n\n")
	})
}

func TestNotesSayNothingOfWhatIsInOrder(t *testing.T) {
	chart := chartWith(t, asImages("a: {state: beta, image: registry.example/a}")+
		"tombstones:\n  b: {date: \"2026-01-01\", reason: Nobody used it.}\n")
	eachHelm(t, func(t *testing.T, h helm) {
		text := notes(t, h, chart)
		require.Contains(t, text, "1 images: 0 stable, 1 beta, 0 deprecated (and 1 removed).\n")
		require.NotContains(t, text, "flat")
		require.NotContains(t, text, "replacedBy")
		require.NotContains(t, text, "\n\n\n")
	})
}

func TestNotesCountAnUnknownStateAsItIsRendered(t *testing.T) {
	chart := chartWith(t, asImages("a: {state: odd, image: registry.example/a}"))
	eachHelm(t, func(t *testing.T, h helm) {
		text := notes(t, h, chart, "--skip-schema-validation")
		require.Contains(t, text, "0 stable, 0 beta, 1 deprecated")
		require.Contains(t, text, "no replacedBy to send people to: a.\n")
	})
}
