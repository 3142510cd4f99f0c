package main

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/kubernetes/kubernetestest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/registrytest"
)

// cookbookCatalog is what is deployed where the cookbook begins.
const cookbookCatalog = `
bookworm: {state: stable, image: docker-registry.example/toolforge-bookworm-web, aliases: [debian12], variants: {webservice: {image: docker-registry.example/toolforge-bookworm-web, extra: {wstype: generic}}}}
node12: {state: stable, image: docker-registry.example/toolforge-node12-web, aliases: [tf-node12], variants: {webservice: {image: docker-registry.example/toolforge-node12-web, extra: {wstype: js}}}}
php7.4: {state: stable, image: docker-registry.example/toolforge-php74-web, aliases: [tf-php74], variants: {webservice: {image: docker-registry.example/toolforge-php74-web, extra: {wstype: lighttpd}}}}
`

// cookbookFindings are the commands of the cookbook that end with 1: the text says
// so of each.
var cookbookFindings = []string{
	"bayplan check image-config --against oci://harbor.example/toolforge/image-config:0.0.30",
	"bayplan diff oci://harbor.example/toolforge/image-config:0.1.0 image-config --breaking",
	"bayplan diff oci://harbor.example/toolforge/image-config:0.2.0 oci://harbor.example/toolforge/image-config:0.1.0 --breaking",
}

// The commands of docs/cookbook.md are run in their order, as they stand but for
// the names of hosts.
func TestCookbookDocument(t *testing.T) {
	for _, name := range []string{"curl", "cmp"} {
		registrytest.Tool(t, name)
	}
	text, err := os.ReadFile("../../docs/cookbook.md")
	require.NoError(t, err)
	session := cookbookSession(t)
	said, retiring := map[string]string{}, false
	for _, command := range fenced(string(text), "console") {
		if strings.HasPrefix(command, "bayplan serve ") {
			session.serve(command)
			continue
		}
		retiring = retiring || strings.HasPrefix(command, "bayplan remove ")
		want := exitDone
		for _, finding := range cookbookFindings {
			if command == finding {
				want = exitFindings
			}
		}
		if retiring && strings.HasSuffix(command, " --dry-run") {
			want = exitFindings
		}
		out, code := session.exit(command)
		require.Equal(t, want, code, "%s\n%s", command, out)
		line, _, _ := strings.Cut(command, " \\")
		said[line] += out
	}
	for command, want := range map[string]string{
		"bayplan import deployed.yaml --into image-config --version 0.0.28":                                  "3 images written to image-config",
		"bayplan diff configmap://tf-public/image-config image-config":                                       "no difference",
		"bayplan diff configmap://tf-public/image-config oci://harbor.example/toolforge/image-config:0.0.28": "no difference",
		"bayplan bump image-config --from oci://harbor.example/toolforge/image-config":                       "0.2.0 follows 0.1.0",
		"bayplan publish image-config oci://harbor.example/toolforge/image-config":                           "0.0.30",
		"bayplan publish image-config oci://harbor.example/toolforge/image-config --dry-run":                 "(image-tombstoned:node12)",
		"bayplan versions oci://harbor.example/toolforge/image-config":                                       "0.0.28 ",
		"bayplan diff oci://harbor.example/toolforge/image-config:0.1.0 rolled-back/image-config":            "no difference",
		"bayplan publish image-config oci://harbor.example/toolforge/image-config --allow reference-moved":   "0.2.0",
	} {
		require.Contains(t, said[command], want, command)
	}
	for _, from := range []string{"0.0.29 follows 0.0.28", "0.0.30 follows 0.0.29", "0.1.0 follows 0.0.30"} {
		require.Contains(t, said["bayplan bump image-config --from oci://harbor.example/toolforge/image-config"], from)
	}
	// The rule that the cookbook sets: a version is not pushed again.
	again := session.here("curl -sS -o /dev/null -w '%{http_code}' --netrc -X PUT -d '{}' -H 'Content-Type: application/vnd.oci.image.manifest.v1+json'" +
		" https://harbor.example/v2/toolforge/image-config/manifests/")
	require.Equal(t, "412", session.run(again+"0.0.28"))
	require.NotEqual(t, "412", session.run(again+"0.0.29-dev-mr-7"))
}

// cookbookSession starts what the cookbook speaks of: a cluster with the ConfigMap,
// the registry of its images, and a Harbor with the images where they move to.
func cookbookSession(t *testing.T) *documentRun {
	h := harbortest.New(harbortest.Options{})
	host, session := newDocumentRun(t, h)
	h.AddProject("toolforge", harbortest.Public)
	h.AddProject("toolforge-pre-built", harbortest.Public)
	for _, name := range []string{"bookworm", "php74", "node22"} {
		_, err := h.Push("toolforge-pre-built/toolforge-"+name+"-web", "latest", harbortest.Profile{})
		require.NoError(t, err)
	}
	images := strings.TrimPrefix(registrytest.InProcess(t).URL, "http://")
	session.names = append(session.names, "docker-registry.example", images)
	session.env = append(session.env, "BAYPLAN_REGISTRY="+images+"=http://"+images)
	login := base64.StdEncoding.EncodeToString([]byte("admin:Harbor12345"))
	for name, text := range map[string]string{
		".netrc":              "machine 127.0.0.1 login admin password Harbor12345\n",
		".docker/config.json": `{"auths": {"` + host + `": {"auth": "` + login + `"}}}`,
	} {
		file := filepath.Join(session.dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o700))
		replace(t, file, text)
	}
	cluster := kubernetestest.Start()
	t.Cleanup(cluster.Close)
	require.NoError(t, os.Mkdir(filepath.Join(session.dir, ".kube"), 0o700))
	require.NoError(t, cluster.WriteKubeconfig(filepath.Join(session.dir, ".kube", "config"), "tools", ""))
	cluster.Put("tf-public", "image-config", map[string]string{chart.LegacyKey: session.here(cookbookCatalog)}, nil)
	return session
}
