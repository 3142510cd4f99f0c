package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	ggcr "github.com/google/go-containerregistry/pkg/registry"
	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/cmd/bayplan/nemesis"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/artifact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
)

const (
	imagesHost = "images.example"
	chartsHost = "charts.example"
	chartsPath = "platform/image-config"
)

// changing is a platform that changes: a registry with catalogs, one with standard
// images, a Harbor with tools' images; and what was written there. One goroutine
// writes each of the three.
type changing struct {
	*nemesis.World
	began  time.Time
	names  []string // standard images of all generations
	tools  []tool
	harbor *harbortest.Harbor
	client *artifact.Client
	// These are the addresses of the registries, HOST:PORT.
	charts, images, harborAt string

	serial int // of standard images
}

// tool is a tool whose project changes.
type tool struct {
	name, project string
	fate          nemesis.Fate
}

// newChanging makes a platform with a first generation of everything.
func newChanging(t testing.TB) *changing {
	t.Helper()
	c := &changing{World: nemesis.NewWorld(imagesHost, harborHost), began: time.Now(), harbor: harbortest.New(harbortest.Options{LogLimit: 1000})}
	t.Cleanup(c.harbor.Close)
	serve := func(h http.Handler) string {
		server := httptest.NewServer(h)
		t.Cleanup(func() {
			server.CloseClientConnections()
			server.Close()
		})
		return strings.TrimPrefix(server.URL, "http://")
	}
	registry := func() string { return serve(ggcr.New(ggcr.Logger(log.New(io.Discard, "", 0)))) }
	c.charts, c.images, c.harborAt = registry(), registry(), serve(c.harbor)
	c.harbor.AddRobot("bayplan", robotSecret, harbortest.ReaderPermissions()...)
	hosts, err := endpoint.New(map[string]endpoint.Config{chartsHost: {URL: "http://" + c.charts}}, endpoint.Options{})
	require.NoError(t, err)
	t.Cleanup(hosts.CloseIdle)
	c.client = artifact.New(hosts, artifact.Options{})
	for n := range 6 {
		c.names = append(c.names, fmt.Sprintf("base%d", n))
	}
	c.names = append(c.names, "dated")
	for _, name := range append(slices.Clone(c.names), "extra0", "extra1", "extra2", "extra3") {
		require.NoError(t, c.pushTag(name))
		require.NoError(t, c.pushTag(nemesis.WebRepository(name)))
	}
	for n, fate := range []nemesis.Fate{nemesis.Steady, nemesis.Steady, nemesis.Steady, nemesis.Toggling, nemesis.Toggling, nemesis.Fleeting, nemesis.Fleeting} {
		one := tool{name: fmt.Sprintf("t%d", n), fate: fate}
		one.project = "tool-" + one.name
		c.tools = append(c.tools, one)
		c.Begin(one.project, one.name, fate)
		c.harbor.AddProject(one.project, harbortest.Public)
		require.NoError(t, c.pushBuilt(one, "latest"))
	}
	require.NoError(t, c.publish(testContext()))
	return c
}

// now is the moment of the history.
func (c *changing) now() nemesis.Moment { return time.Since(c.began) }

// pushTag makes the tag latest of a repository name another manifest.
func (c *changing) pushTag(repository string) error {
	c.serial++
	manifest := fmt.Sprintf(`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",`+
		`"config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},`+
		`"layers":[],"annotations":{"serial":"%d"}}`, c.serial)
	c.WriteTag(c.now(), repository, fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(manifest))))
	return putManifest(c.images, repository, "latest", []byte(manifest))
}

func putManifest(address, repository, tag string, manifest []byte) error {
	request, err := http.NewRequestWithContext(testContext(), http.MethodPut, "http://"+address+"/v2/"+repository+"/manifests/"+tag, bytes.NewReader(manifest))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/vnd.oci.image.manifest.v1+json")
	return sendWrite(request)
}

func sendWrite(request *http.Request) error {
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, response.Body) // the status counts
	_ = response.Body.Close()
	if response.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s", request.Method, request.URL, response.Status)
	}
	return nil
}

// datedFrom is the day from which one image is deprecated.
func (c *changing) datedFrom() string { return c.began.UTC().AddDate(0, 0, 2).Format(time.DateOnly) }

// entries are the images of a generation: most names of all of them, in states
// that change.
func (c *changing) entries(generation int) map[string]nemesis.Entry {
	states := []string{"stable", "beta", "deprecated"}
	out := map[string]nemesis.Entry{}
	for n, name := range c.names {
		out[name] = nemesis.Entry{State: states[(generation/(n+1))%3]}
	}
	out["dated"] = nemesis.Entry{State: "stable", Deprecated: c.datedFrom()}
	out[fmt.Sprintf("extra%d", generation%4)] = nemesis.Entry{State: "stable"}
	return out
}

// publish puts the next generation where Bayplan finds it.
func (c *changing) publish(ctx context.Context) error {
	generation, images := c.WriteCatalog(c.now(), c.entries)
	return c.put(ctx, versionOf(generation), valuesOf(images, generation))
}

func versionOf(generation int) string { return fmt.Sprintf("1.%d.0", generation) }

// valuesOf writes the catalog of a generation.
func valuesOf(images map[string]nemesis.Entry, generation int) string {
	var out strings.Builder
	out.WriteString("formatVersion: \"1.0\"\nimages:\n")
	for _, name := range slices.Sorted(maps.Keys(images)) {
		e := images[name]
		fmt.Fprintf(&out, "  %s:\n    state: %s\n    aliases: [%s]\n    description: %s\n    image: %s/%s\n", name, e.State,
			nemesis.Alias(name, generation), nemesis.Description(generation), imagesHost, name)
		fmt.Fprintf(&out, "    variants: {webservice: {image: %s/%s, extra: {wstype: generic}}}\n", imagesHost, nemesis.WebRepository(name))
		if e.Deprecated != "" {
			fmt.Fprintf(&out, "    lifecycle: {deprecated: %q}\n", e.Deprecated)
		}
	}
	return out.String()
}

func (c *changing) put(ctx context.Context, version, values string) error {
	archive, err := chartArchive(version, values)
	if err != nil {
		return err
	}
	_, err = c.client.Publish(ctx, artifact.Reference{Host: chartsHost, Path: chartsPath}, artifact.Package{Archive: archive})
	return err
}

func chartArchive(version, values string) ([]byte, error) {
	var out bytes.Buffer
	zipped := gzip.NewWriter(&out)
	packed := tar.NewWriter(zipped)
	var failed error
	for _, file := range [][2]string{{"Chart.yaml", "apiVersion: v2\nname: image-config\nversion: " + version + "\n"}, {"values.yaml", values}} {
		failed = errors.Join(failed, packed.WriteHeader(&tar.Header{Name: "image-config/" + file[0], Mode: 0o644, Size: int64(len(file[1])), Typeflag: tar.TypeReg}))
		_, err := io.WriteString(packed, file[1])
		failed = errors.Join(failed, err)
	}
	err := errors.Join(failed, packed.Close(), zipped.Close())
	return out.Bytes(), err
}

// poison does what must not be followed: it publishes a newer version that is no
// catalog, or one that lost most names, which says a generation that there never
// was; or it takes the newest version away, so that an older one is the newest. The
// version that it published is for whoever wants to take it away again.
func (c *changing) poison(ctx context.Context) (version string, err error) {
	generation, _, _, _ := c.Newest()
	version = fmt.Sprintf("1.%d.%d", generation, 1+rand.N(1000))
	switch rand.N(3) {
	case 0:
		return version, ignoreTaken(c.put(ctx, version, "formatVersion: \"1.0\"\nimages: {base0: {state: null, image: 7}}\n"))
	case 1:
		return version, ignoreTaken(c.put(ctx, version, valuesOf(map[string]nemesis.Entry{"base0": {State: "stable"}}, 1_000_000)))
	}
	return "", c.withdraw(ctx, versionOf(generation))
}

// withdraw takes a version away, if it is still there.
func (c *changing) withdraw(ctx context.Context, version string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodDelete, "http://"+c.charts+"/v2/"+chartsPath+"/manifests/"+version, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	return response.Body.Close()
}

func ignoreTaken(err error) error {
	if err != nil && strings.Contains(err.Error(), "other content") {
		return nil
	}
	return err
}

// pushBuilt pushes another image under a tag of a tool's repository.
func (c *changing) pushBuilt(one tool, tag string) error {
	at := c.now()
	digest, err := c.harbor.Push(one.project+"/"+nemesis.Repository, tag, harbortest.Profile{})
	if err != nil {
		return err
	}
	images := c.holds(one)
	images[tag] = digest
	c.WriteImages(at, one.project, images)
	return nil
}

func (c *changing) holds(one tool) map[string]string {
	_, _, projects, _ := c.Newest()
	if projects[one.project] == nil {
		return map[string]string{}
	}
	return projects[one.project]
}

// changeTool does something to a random tool's images.
func (c *changing) changeTool() error {
	one := c.tools[rand.N(len(c.tools))]
	images := c.holds(one)
	at := c.now()
	repository := one.project + "/" + nemesis.Repository
	tags := slices.Sorted(maps.Keys(images))
	switch n := rand.N(10); {
	case n < 2 && len(tags) > 1:
		gone := tags[rand.N(len(tags))]
		c.harbor.DeleteTag(repository, gone)
		delete(images, gone)
		c.WriteImages(at, one.project, images)
	case n < 4 && len(tags) > 1:
		gone := tags[rand.N(len(tags))]
		if err := c.harbor.DeleteArtifact(repository, gone); err != nil {
			return err
		}
		delete(images, gone)
		c.WriteImages(at, one.project, images)
	case n == 4 && one.fate == nemesis.Fleeting && len(tags) > 0:
		if rand.N(2) == 0 {
			c.harbor.DeleteRepository(repository)
		} else {
			c.harbor.RemoveProject(one.project)
		}
		c.WriteImages(at, one.project, nil)
		c.harbor.AddProject(one.project, harbortest.Public)
	case n == 5 && one.fate == nemesis.Toggling:
		_, _, _, public := c.Newest()
		visibility := harbortest.Public
		if public[one.project] {
			visibility = harbortest.Private
		}
		if err := c.harbor.SetVisibility(one.project, visibility); err != nil {
			return err
		}
		c.WriteVisibility(at, c.now(), one.project, visibility == harbortest.Public)
	default:
		return c.pushBuilt(one, []string{"latest", "latest", "v1", "v2", "v3"}[rand.N(5)])
	}
	return nil
}

// settings writes the settings of a replica that reaches the three over straits, and
// the account that it shows Harbor.
func (c *changing) settings(t testing.TB, dir string, charts, images, harbor *strait) (env []string, args []string) {
	t.Helper()
	settings := "interval: 250ms\nlisten: 127.0.0.1:0\nconstraint: \">=1.0.0\"\ncatalog: oci://" + chartsHost + "/" + chartsPath + "\nregistries:\n"
	settings += fmt.Sprintf("  %s: {url: %s, kind: harbor}\n  %s: {url: %s}\n  %s: {url: %s}\n", harborHost, harbor.URL, imagesHost, images.URL, chartsHost, charts.URL)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "settings.yaml"), []byte(settings), 0o600))
	login := base64.StdEncoding.EncodeToString([]byte("robot$bayplan:" + robotSecret))
	docker := fmt.Sprintf(`{"auths":{%q:{"auth":%q}}}`, strings.TrimPrefix(harbor.URL, "http://"), login)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "config.json"), []byte(docker), 0o600))
	return []string{"DOCKER_CONFIG=" + dir}, []string{"serve", "--config", filepath.Join(dir, "settings.yaml"), "--state-dir", filepath.Join(dir, "state")}
}
