package store_test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
	"unique"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbor"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/marker"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/shrink"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/store"
)

var noon = time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)

// open takes a directory into use until the test ends.
func open(t testing.TB, dir string) *store.Store {
	t.Helper()
	s, err := store.Open(dir, 0)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// stateOf makes a state all of whose parts follow from a number, so that a mixture
// of two shows.
func stateOf(number, projects int) *store.State {
	name := fmt.Sprintf("state %d", number)
	digestOf := func(what string) string { return digest.FromString(name + what).String() }
	ref := fact.Reference{Host: "registry.example", Repository: "bookworm", Tag: "latest"}
	pinned := fact.Reference{Host: "registry.example", Repository: "php", Digest: digestOf("php")}
	return &store.State{
		SavedAt: noon.Add(time.Duration(number) * time.Second),
		Catalog: catalogOf(name),
		Allowed: []string{digestOf("allowed")},
		Hosts: []store.Host{{
			Name: "registry.example", LastSuccess: noon.Add(time.Duration(number) * time.Second), Losses: lossOf(name),
			Manifests: map[fact.Reference]fact.Manifest{
				ref:    {Status: fact.Present, Digest: digestOf("bookworm")},
				pinned: {Status: fact.Absent, Digest: pinned.Digest},
			},
			Repositories: map[string]fact.Repository{
				"bookworm": {Status: fact.Present, Tags: []string{"latest", name}, Marks: &marker.Marks{State: "beta", Aliases: []marker.Alias{{Name: "b", Pushed: 7}}}},
				"empty":    {Status: fact.Present, Tags: []string{}},
				"php":      {Status: fact.Absent},
			},
		}, {
			Name: "silent.example", Manifests: map[fact.Reference]fact.Manifest{}, Repositories: map[string]fact.Repository{},
		}},
		Users: &store.Users{
			Host: "harbor.example",
			Memory: inventory.Memory{
				Identity: harbor.Robot, Version: name, LastSuccess: noon.Add(time.Duration(number) * time.Second), LastSweep: noon,
				Losses: lossOf(name + " repositories"), Rights: shrink.Watch{Loss: digestOf("rights"), Since: noon, Times: 1},
			},
			Records: func(f func(*inventory.Record) error) error { return records(name, projects, f) },
		},
	}
}

// lossOf makes what is remembered of a source's losses.
func lossOf(name string) shrink.Watch {
	return shrink.Watch{
		Loss: digest.FromString(name + " loss").String(), Since: noon, Times: 2,
		Gone: map[string]time.Time{name + " gone": noon, name + " gone too": noon.Add(time.Second)},
	}
}

// records gives so many projects of a state.
func records(name string, projects int, f func(*inventory.Record) error) error {
	for n := range projects {
		image := inventory.Image{
			Tag: "latest", Digest: sha256.Sum256(fmt.Append(nil, name, n)), Pushed: noon.UnixMilli() + int64(n), Size: int64(n),
			Details: unique.Make(inventory.Details{Platforms: "linux/amd64", Stack: fmt.Sprint("heroku-", n%3), RunImage: name, Signed: n%2 == 0}),
		}
		scanned := image
		scanned.Tag, scanned.Scan = "v2", &inventory.Scan{Critical: 1, High: 2, Medium: 3, Low: 4, Negligible: 5, Unknown: 6, Fixable: 7, At: 8}
		err := f(&inventory.Record{
			Project: fmt.Sprintf("tool-t%06d", n), ID: int64(n + 1), Private: n%5 == 0, Unproved: n%10 == 0,
			Repositories: []inventory.RepositoryRecord{
				{Name: "empty", ID: 3},
				{Name: "web", ID: 4, Updated: noon.UnixNano(), Artifacts: 2, Images: []inventory.Image{image, scanned}, Marks: &marker.Marks{State: "deprecated"}},
			},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// catalogOf makes a catalog whose blobs follow from a name.
func catalogOf(name string) *store.Catalog {
	blob := []byte("the archive of " + name)
	manifest, err := json.Marshal(ocispec.Manifest{
		MediaType: ocispec.MediaTypeImageManifest,
		Config:    ocispec.DescriptorEmptyJSON,
		Layers:    []ocispec.Descriptor{{MediaType: "text/plain", Digest: digest.FromBytes(blob), Size: int64(len(blob))}},
	})
	if err != nil {
		panic(err) // it holds nothing that JSON cannot say
	}
	c := &store.Catalog{
		Origin: "oci://registry.example/image-config", Version: "1.2.3", Digest: "sha256:x", Constraint: ">=1", Chosen: "1.2.3",
		Manifest: digest.FromBytes(manifest).String(), Contents: map[string][]byte{}, LastSuccess: noon,
	}
	for _, content := range [][]byte{manifest, []byte("{}"), blob} {
		c.Contents[digest.FromBytes(content).String()] = content
	}
	return c
}

// plain is a state in a form that can be compared: projects in place of views.
type plain struct {
	state   store.State
	users   store.Users
	records []string
}

func plainly(t testing.TB, s *store.State) plain {
	t.Helper()
	out := plain{state: *s}
	out.state.Users = nil
	if s.Users == nil {
		return out
	}
	out.users = *s.Users
	out.users.Records, out.users.Memory.View = nil, nil
	each := s.Users.Records
	if each == nil {
		i := inventory.New("", nil, inventory.Options{})
		each = func(f func(*inventory.Record) error) error { return i.Records(s.Users.Memory.View, f) }
	}
	require.NoError(t, each(func(r *inventory.Record) error {
		text, err := json.Marshal(r)
		out.records = append(out.records, string(text))
		for _, repository := range r.Repositories {
			for _, image := range repository.Images {
				out.records = append(out.records, fmt.Sprint(image.Details.Value()))
			}
		}
		return err
	}))
	return out
}

func requireState(t testing.TB, want, got *store.State) {
	t.Helper()
	require.NotNil(t, got)
	require.Equal(t, plainly(t, want), plainly(t, got))
}

// files gives the paths of all files below a directory, relative to it.
func files(t testing.TB, dir string) []string {
	t.Helper()
	var out []string
	require.NoError(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			relative, _ := filepath.Rel(dir, path)
			out = append(out, relative)
		}
		return err
	}))
	return out
}
