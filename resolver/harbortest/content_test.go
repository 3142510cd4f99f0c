package harbortest_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
)

const (
	recordedHost    = "127.0.0.1:18080"
	recordedVersion = "v2.15.2-local"
)

// recorded is a stand-in that holds what the recorded Harbor held, pushed in the
// same order, so that numbers agree too. digests leads from recorded digests,
// where a recorded call names one, to those here.
type recorded struct {
	*harbortest.Server
	digests map[string]string
}

func startRecorded(t *testing.T, nginx bool) recorded {
	t.Helper()
	s := harbortest.Start(t, harbortest.StartOptions{Options: harbortest.Options{
		Version: recordedVersion, Now: ticking(), PullFlush: -1, Nginx: nginx,
	}})
	for _, name := range []string{"toolforge", "tool-alpha", "tool-beta", "tool-a-char.sep-b"} {
		require.True(t, s.AddProject(name, harbortest.Public))
	}
	require.True(t, s.AddProject("tool-private", harbortest.Private))
	s.AddUser("alice", "secret")
	s.AddRobot("reader", "secret", harbortest.ReaderPermissions()...)
	s.AddRobot("pull-only", "secret", harbortest.PullOnlyPermissions()...)
	s.AddRobot("catalog", "secret", harbortest.CatalogPermission())
	r := recorded{s, map[string]string{}}
	r.fillImages(t)
	r.fillMany(t)
	r.fillCharts(t)
	r.fillAccessories(t)
	r.fillLate(t)
	return r
}

func (r recorded) fillImages(t *testing.T) {
	c := asAdmin(t, r.Server)
	docker, oci := imageOptions{}, imageOptions{oci: true}
	c.push("toolforge/python39-sssd-base:latest", image(t, docker))
	c.push("toolforge/node18-sssd-web:latest", image(t, oci))
	c.retag("toolforge/node18-sssd-web:latest", "toolforge/node18-sssd-web:18")
	web := image(t, docker)
	r.digests["sha256:4ef57708105f9def06ff6ed95915cf94d620047c5b11adfe175e93caca13e18e"] = c.push("tool-alpha/web:1.0.0", web)
	config, err := web.ConfigName()
	require.NoError(t, err)
	r.digests["sha256:5712e2f8dbd8dabcaa11ccaa6efd377d9d974027b0610cd38cfb4a03e0c147ba"] = config.String()
	c.retag("tool-alpha/web:1.0.0", "tool-alpha/web:latest")
	r.digests["sha256:3cb78814d69e019e6ff46fa247cfebe6b6ef9b76dc745ed5455b6948770ee05b"] = c.push("tool-alpha/web:1.1.0", image(t, docker))
	c.push("tool-alpha/web:2.0.0", image(t, oci))
	c.push("tool-alpha/moved:latest", image(t, docker))
	c.push("tool-alpha/moved:latest", image(t, docker))
	c.push("tool-alpha/sub/dir:latest", image(t, docker))
	r.fillIndex(t)
	c.push("tool-beta/web:latest", image(t, docker))
	c.push("tool-a-char.sep-b/web:latest", image(t, docker))
	c.push("tool-private/secret:latest", image(t, docker))
}

// fillIndex pushes an index of two images, the arm64 one first.
func (r recorded) fillIndex(t *testing.T) {
	c := asAdmin(t, r.Server)
	arm := image(t, imageOptions{oci: true, architecture: "arm64", noLabels: true})
	amd := image(t, imageOptions{oci: true, noLabels: true})
	child := func(img v1.Image, architecture string) mutate.IndexAddendum {
		d, err := img.Digest()
		require.NoError(t, err)
		c.push("tool-beta/multi@"+d.String(), img)
		return mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: architecture}}}
	}
	first := child(arm, "arm64")
	armDigest, err := arm.Digest()
	require.NoError(t, err)
	r.digests["sha256:4dde7c1fc149980345b9e63aeeac259e1e44359a16bfe8fbc7245a5a3f7df45e"] = armDigest.String()
	index := mutate.IndexMediaType(mutate.AppendManifests(empty.Index, child(amd, "amd64"), first), types.OCIImageIndex)
	require.NoError(t, remote.WriteIndex(c.reference("tool-beta/multi:latest"), index, c.remote()...))
}

// fillMany pushes 130 tags on 13 artifacts. A pull of another repository is
// written in between.
func (r recorded) fillMany(t *testing.T) {
	c := asAdmin(t, r.Server)
	require.NoError(t, r.Pull("toolforge/node18-sssd-web", "latest", 1))
	tags := numbered("v1.0.%03d", 130)
	for i := 0; i < len(tags); i += 10 {
		first := "toolforge/manytags:" + tags[i]
		c.push(first, image(t, imageOptions{noLabels: true}))
		r.FlushPulls()
		for _, tag := range tags[i+1 : i+10] {
			require.NoError(t, r.Tag("toolforge/manytags", tags[i], tag))
		}
	}
}

func (r recorded) fillCharts(t *testing.T) {
	for _, version := range []string{"0.1.0", "0.2.0", "0.2.1-rc.1", "0.3.0+build.5"} {
		r.pushChart(t, "toolforge/jobs-api", "artifacts.chart", version)
	}
	r.pushChart(t, "toolforge/signed-chart", "artifacts.chart-with-provenance", "1.0.0")
}

// pushChart pushes a chart as helm does, with the metadata and annotations that
// were recorded for its version.
func (r recorded) pushChart(t *testing.T, repository, recording, version string) {
	c := asAdmin(t, r.Server)
	var rows []struct {
		Attrs       struct{ Name, Version string } `json:"extra_attrs"`
		Annotations map[string]string              `json:"annotations"`
	}
	read(t, recording+".json", &rows)
	for _, row := range rows {
		if row.Attrs.Version != version {
			continue
		}
		m := chartManifest{SchemaVersion: 2, Annotations: row.Annotations}
		m.Config = c.chartBlob(repository, "config.v1+json", chartConfig(t, row.Attrs.Name, version))
		values := recordedFile(t, "artifact.addition.values.txt")
		m.Layers = []ociDescriptor{c.chartBlob(repository, "chart.content.v1.tar+gzip", archive(t, row.Attrs.Name, values))}
		if row.Attrs.Name == "signed-chart" {
			m.Layers = append(m.Layers, c.chartBlob(repository, "chart.provenance.v1.prov", []byte("signed")))
		}
		if version == "0.1.0" {
			r.digests["sha256:a178c39c3a942dd1561eae1474458e6e3549a5141439dde037713e7762336050"] = m.Config.Digest.String()
		}
		raw, err := json.Marshal(m)
		require.NoError(t, err)
		c.putManifest(repository, chartTag(version), string(types.OCIManifestSchema1), raw)
	}
}

// chartManifest is what helm pushes.
type chartManifest struct {
	SchemaVersion int               `json:"schemaVersion"`
	Config        ociDescriptor     `json:"config"`
	Layers        []ociDescriptor   `json:"layers"`
	Annotations   map[string]string `json:"annotations"`
}

func (c client) chartBlob(repository, kind string, raw []byte) ociDescriptor {
	d := c.putBlob(repository, raw)
	return ociDescriptor{MediaType: types.MediaType("application/vnd.cncf.helm." + kind), Digest: d.Digest, Size: d.Size}
}

// chartConfig is the recorded config of version 0.1.0, for another name and version.
func chartConfig(t *testing.T, name, version string) []byte {
	text := string(compact(recordedFile(t, "blob.chart-config.json")))
	text = strings.ReplaceAll(text, `"version":"0.1.0"`, `"version":"`+version+`"`)
	text = strings.ReplaceAll(text, `"name":"jobs-api"`, `"name":"`+name+`"`)
	app := "app-" + version
	if name == "signed-chart" {
		app = "1.16.0"
	}
	return []byte(strings.ReplaceAll(text, "app-0.1.0", app))
}

func (r recorded) fillAccessories(t *testing.T) {
	c := asAdmin(t, r.Server)
	subject := c.push("tool-beta/referred:1.0", image(t, imageOptions{oci: true}))
	r.digests["sha256:a94fd5ce4de77f21d9e62390eefda178755131a2c635b98ba4e06dde46c5ff76"] = subject
	for _, text := range []string{"one", "two"} {
		c.refer("tool-beta/referred", subject, text)
	}
	signed := c.push("tool-beta/cosigned:1.0", image(t, imageOptions{oci: true}))
	r.digests["sha256:ecdee4bf7ebcd32042a4f414b8f31939a6075aa5604210a9c7adae40d4594f9e"] = signed
	for _, ending := range []string{"sig", "att", "sbom"} {
		config := []byte(`{"architecture":"","created":"0001-01-01T00:00:00Z","os":"","rootfs":{"type":"layers"},"config":{}}`)
		c.artifact("tool-beta/cosigned", "sha256-"+hexOf(signed)+"."+ending, string(types.OCIConfigJSON), config, nil)
	}
	for _, tag := range numbered("b%03d", 112) {
		c.push("toolforge/manyartifacts:"+tag, image(t, imageOptions{noLabels: true, created: true}))
	}
	require.NoError(t, r.Label("tool-alpha/web", "2.0.0", "prod"))
	r.Describe("tool-alpha/web", "The **web** service")
}

// refer pushes an artifact that belongs to another, under its digest.
func (c client) refer(repository, subject, text string) string {
	hash, err := v1.NewHash(subject)
	require.NoError(c.t, err)
	return c.artifact(repository, "", "application/vnd.oci.empty.v1+json", []byte("{}"), func(m *ociManifest) {
		m.ArtifactType = "application/vnd.example.sbom.v1+json"
		m.Layers[0] = c.putBlob(repository, []byte(text))
		m.Layers[0].MediaType = "text/plain"
		m.Subject = &v1.Descriptor{MediaType: types.OCIManifestSchema1, Digest: hash, Size: 1}
	})
}

// fillLate pushes what came after the experiments of the recording, which used
// up numbers; the fillers do the same.
func (r recorded) fillLate(t *testing.T) {
	c := asAdmin(t, r.Server)
	for _, tag := range numbered("e%d", 5) { // artifacts 152 to 156, tags 266 to 270
		r.filler(t, "tool-beta/exp", tag)
	}
	require.NoError(t, r.Pull("tool-beta/exp", "e0", 8))
	r.FlushPulls()
	r.Describe("tool-beta/exp", "d1")
	for range 6 {
		r.filler(t, "library/gone", "")
	}
	for _, tag := range numbered("g%d", 5) {
		require.NoError(t, r.Tag("tool-beta/exp", "e0", tag))
		r.DeleteTag("tool-beta/exp", tag)
	}
	c.push("tool-private/secret:two", image(t, imageOptions{created: true}))
	for _, tag := range numbered("h%d", 10) {
		r.filler(t, "library/gone", tag)
	}
	r.filler(t, "library/gone-too", "latest")
	r.filler(t, "library/gone-three", "")
	for _, name := range []string{"library/gone", "library/gone-too", "library/gone-three"} {
		r.DeleteRepository(name)
	}
	r.fillOther(c)
	pulls := map[string]string{"tool-alpha/web": "latest", "tool-beta/multi": "latest", "toolforge/jobs-api": "0.1.0",
		"toolforge/signed-chart": "1.0.0", "tool-beta/other": "custom"}
	for repository, tag := range maps.All(pulls) {
		require.NoError(t, r.Pull(repository, tag, 2))
	}
	r.FlushPulls()
}

func (r recorded) fillOther(c client) {
	c.artifact("tool-beta/other", "custom", "application/vnd.example.thing.config.v1+json",
		[]byte(`{"architecture":"","created":"0001-01-01T00:00:00Z","os":"","rootfs":{"type":"layers","diff_ids":null},"config":{}}`), func(m *ociManifest) {
			m.Layers[0].MediaType = "application/vnd.example.thing.layer.v1"
		})
	c.artifact("tool-beta/other", "wasm", "application/vnd.wasm.config.v1+json", []byte("{}"), func(m *ociManifest) {
		m.Layers[0].MediaType = "application/vnd.wasm.content.layer.v1+wasm"
	})
	c.artifact("tool-beta/other", "empty", "application/vnd.oci.empty.v1+json", []byte("{}"), nil)
}

// fillOneDigest pushes 120 tags on one digest, which came after most recordings.
func (r recorded) fillOneDigest(t *testing.T) {
	for range 41 { // artifacts 179 to 219
		r.filler(t, "tool-beta/gone", "")
	}
	r.DeleteRepository("tool-beta/gone")
	tags := numbered("t%03d", 120)
	asAdmin(t, r.Server).push("toolforge/onedigest:x", image(t, imageOptions{created: true}))
	for _, tag := range numbered("i%d", 40) { // tags 292 to 331
		require.NoError(t, r.Tag("toolforge/onedigest", "x", tag))
		r.DeleteTag("toolforge/onedigest", tag)
	}
	for _, tag := range tags {
		require.NoError(t, r.Tag("toolforge/onedigest", "x", tag))
	}
	r.DeleteTag("toolforge/onedigest", "x")
}

func (r recorded) filler(t *testing.T, repository, tag string) {
	_, err := r.Push(repository, tag, harbortest.Profile{})
	require.NoError(t, err)
}

func chartTag(version string) string {
	return strings.ReplaceAll(version, "+", "_")
}

// archive makes a chart's archive with values alone.
func archive(t *testing.T, name string, values []byte) []byte {
	var b bytes.Buffer
	zipped := gzip.NewWriter(&b)
	files := tar.NewWriter(zipped)
	require.NoError(t, files.WriteHeader(&tar.Header{Name: name + "/values.yaml", Mode: 0o644, Size: int64(len(values))}))
	_, err := files.Write(values)
	require.NoError(t, err)
	require.NoError(t, files.Close())
	require.NoError(t, zipped.Close())
	return b.Bytes()
}

func recordedFile(t testing.TB, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", "..", "testdata", "harbor", name))
	require.NoError(t, err)
	return content
}

func read(t testing.TB, name string, into any) {
	t.Helper()
	require.NoError(t, json.Unmarshal(recordedFile(t, name), into))
}
