package names_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbor"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/names"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
)

// harborHost is the Harbor of all tests, as pods name it.
const harborHost = "harbor.example"

// platform is a Harbor with what tools built, and an inventory of it.
type platform struct {
	*harbortest.Server
	users *inventory.Inventory
}

// startPlatform fills a Harbor, in whose clock no two pushes are of one moment,
// with images ("tool-x/app:tag"; one that begins with "!" is of a private
// project), and looks at it once.
func startPlatform(t testing.TB, images ...string) *platform {
	t.Helper()
	var ticks atomic.Int64
	h := harbortest.Start(t, harbortest.StartOptions{Options: harbortest.Options{
		Now: func() time.Time { return time.Unix(1_800_000_000+ticks.Add(1), 0) },
	}})
	p := &platform{Server: h}
	for _, image := range images {
		p.push(t, image)
	}
	robot := h.AddRobot("bayplan", "for-tests-only", harbortest.ReaderPermissions()...)
	directory, err := endpoint.New(map[string]endpoint.Config{harborHost: {URL: h.URL, Kind: endpoint.Harbor, Concurrency: 64}}, endpoint.Options{
		Credentials: func(context.Context, string) (endpoint.Credential, error) {
			return endpoint.Credential{Username: robot, Password: "for-tests-only"}, nil
		},
	})
	require.NoError(t, err)
	t.Cleanup(directory.CloseIdle)
	p.users = inventory.New(harborHost, harbor.New(directory.For(harborHost), harbor.Options{}), inventory.Options{ProofEvery: 1, Markers: true})
	require.NoError(t, p.users.Round(t.Context()))
	return p
}

// push pushes "tool-x/app:tag" and gives its digest.
func (p *platform) push(t testing.TB, image string) string {
	t.Helper()
	image, private := strings.CutPrefix(image, "!")
	repository, tag, _ := strings.Cut(image, ":")
	project, _, _ := strings.Cut(repository, "/")
	visibility := harbortest.Public
	if private {
		visibility = harbortest.Private
	}
	p.AddProject(project, visibility)
	digest, err := p.Push(repository, tag, harbortest.Profile{})
	require.NoError(t, err)
	return digest
}

// digest gives the digest of a tag.
func (p *platform) digest(t testing.TB, repository, tag string) string {
	t.Helper()
	for _, a := range p.artifacts(t, repository) {
		if a.tag == tag {
			return a.digest
		}
	}
	require.Failf(t, "no such tag", "%s:%s", repository, tag)
	return ""
}

// artifacts gives what a repository holds, by its Harbor's own word.
func (p *platform) artifacts(t testing.TB, repository string) []tagged {
	t.Helper()
	info, ok := p.Repository(repository)
	require.True(t, ok, repository)
	var out []tagged
	for _, a := range info.Artifacts {
		for _, tag := range a.Tags {
			out = append(out, tagged{repository: repository, tag: tag, digest: a.Digest})
		}
	}
	return out
}

// lookup resolves for a reader, with this catalog and what is in Harbor.
func (p *platform) lookup(t testing.TB, catalog *chart.Catalog, reader string) names.Lookup {
	t.Helper()
	users := snapshot.Users{Host: harborHost, View: p.users.State().View, Known: true}
	s := snapshot.Join(snapshot.Input{Catalog: catalog, Facts: nothing{}, Day: "2026-07-22", Users: users})
	return names.Lookup{Index: names.NewIndex(s.Images), Snapshot: s, Reader: reader}
}

// load reads a catalog as a server does.
func load(t testing.TB, images string) *chart.Catalog {
	t.Helper()
	loaded, err := chart.FromValues([]byte("formatVersion: \"1.0\"\n" + images)).Load()
	require.NoError(t, err)
	return loaded.Catalog
}

// nothing is what is known of registries that nobody asked.
type nothing struct{}

func (nothing) Manifest(fact.Reference) (fact.Manifest, bool) { return fact.Manifest{}, false }

func (nothing) Repository(string, string) (fact.Repository, bool) { return fact.Repository{}, false }
