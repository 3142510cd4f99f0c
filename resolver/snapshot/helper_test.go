package snapshot_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/reference"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
)

// facts are answers in maps; what is not in them is unknown. A name in stale
// ("host/path:tag", or "host/path" for a repository) is of an earlier round.
type facts struct {
	manifests    map[string]fact.Manifest
	repositories map[string]fact.Repository
	stale        map[string]bool
}

func (f facts) Manifest(ref fact.Reference) (fact.Manifest, bool) {
	return f.manifests[ref.String()], f.stale[ref.String()]
}

func (f facts) Repository(host, path string) (fact.Repository, bool) {
	return f.repositories[host+"/"+path], f.stale[host+"/"+path]
}

// there is the answer for a manifest that exists.
func there(digest string) fact.Manifest { return fact.Manifest{Status: fact.Present, Digest: digest} }

// gone is the answer for one that does not.
var gone = fact.Manifest{Status: fact.Absent}

// load reads a catalog as a server does.
func load(t testing.TB, images string) *chart.Catalog {
	t.Helper()
	loaded, err := chart.FromValues([]byte("formatVersion: \"1.0\"\n" + images)).Load()
	require.NoError(t, err)
	return loaded.Catalog
}

// parse reads a reference that is none of a catalog's mistakes.
func parse(t testing.TB, text string) reference.Reference {
	t.Helper()
	r, err := reference.Parse(text)
	require.NoError(t, err)
	return r
}

// day is that of most tests.
const day = chart.Date("2026-07-22")

// join makes a first snapshot.
func join(t testing.TB, images string, f snapshot.Facts) *snapshot.Snapshot {
	t.Helper()
	return snapshot.Join(snapshot.Input{Catalog: load(t, images), Facts: f, Day: day})
}

func names(s *snapshot.Snapshot) (out []string) {
	for _, i := range s.Images {
		out = append(out, i.ShortName)
	}
	return out
}
