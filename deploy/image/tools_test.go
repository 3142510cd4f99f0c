package main

import (
	"encoding/json"
	"io"
	"log"
	"net/http/httptest"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/registrytest"
)

const nativePlatform = "linux/" + runtime.GOARCH

// Other people's tools read what is written and what is pushed, the bill of
// materials beside it included.
func TestOtherToolsReadTheImage(t *testing.T) {
	crane, skopeo, oras := registrytest.Tool(t, "crane"), registrytest.Tool(t, "skopeo"), registrytest.Tool(t, "oras")
	made := built(t)
	distribution := registrytest.Start(t, registrytest.Options{})
	inProcess := httptest.NewServer(registry.New(registry.WithReferrersSupport(true), registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(inProcess.Close)
	archive := filepath.Join(t.TempDir(), "bayplan.tar")
	require.NoError(t, made.write(archive))

	for name, host := range map[string]string{"docker-registry": distribution.Host, "in process": strings.TrimPrefix(inProcess.URL, "http://")} {
		t.Run(name, func(t *testing.T) {
			reference := host + "/toolforge/bayplan:1.2.3"
			pushed(t, made, reference)
			pushed(t, made, reference) // once more: nothing to do
			require.Equal(t, digestOf(t, made), run(t, crane, "digest", "--insecure", reference))
			run(t, crane, "validate", "--insecure", "--remote", reference)
			requireInspected(t, run(t, skopeo, "inspect", "--tls-verify=false", "docker://"+reference))
			native, err := made.native(t).Digest()
			require.NoError(t, err)
			beside, err := made.referrers[0].Digest()
			require.NoError(t, err)
			repository := host + "/toolforge/bayplan@"
			require.Contains(t, run(t, oras, "discover", "--plain-http", "--format", "json", repository+native.String()), beside.String())
			require.Contains(t, run(t, oras, "manifest", "fetch", "--plain-http", repository+beside.String()), `"artifactType":"`+sbomType+`"`)

			// Somebody else's image under the same tag is not overwritten.
			run(t, crane, "copy", "--insecure", "--platform", nativePlatform, reference, host+"/toolforge/bayplan:taken")
			targets, err := parseTargets([]string{host + "/toolforge/bayplan:taken"})
			require.NoError(t, err)
			require.ErrorContains(t, made.push(t.Context(), targets[0]), "this tag is taken, by sha256:")

			// What is copied from the archive is the same, with what lies beside it.
			run(t, oras, "cp", "--recursive", "--from-oci-layout", archive+":1.2.3", "--to-plain-http", host+"/copied/bayplan:1.2.3")
			require.Equal(t, digestOf(t, made), run(t, crane, "digest", "--insecure", host+"/copied/bayplan:1.2.3"))
			require.Contains(t, run(t, oras, "discover", "--plain-http", "--format", "json", host+"/copied/bayplan@"+native.String()), beside.String())
		})
	}
	requireInspected(t, run(t, skopeo, "inspect", "oci-archive:"+archive+":1.2.3"))
	layout := filepath.Join(t.TempDir(), "layout")
	require.NoError(t, made.write(layout))
	require.Contains(t, run(t, oras, "manifest", "fetch", "--oci-layout", layout+":1.2.3"), `"org.opencontainers.image.version":"1.2.3"`)
}

func pushed(t *testing.T, made *product, reference string) {
	t.Helper()
	targets, err := parseTargets([]string{reference})
	require.NoError(t, err)
	require.NoError(t, made.push(t.Context(), targets[0]))
}

// requireInspected reads what skopeo inspect prints.
func requireInspected(t *testing.T, text string) {
	t.Helper()
	var said struct {
		Labels           map[string]string
		Os, Architecture string
		Layers           []string
	}
	require.NoError(t, json.Unmarshal([]byte(text), &said))
	require.Equal(t, "1.2.3", said.Labels["org.opencontainers.image.version"])
	require.Equal(t, nativePlatform, said.Os+"/"+said.Architecture)
	require.Len(t, said.Layers, 2)
}
