package store

import (
	"bytes"
	"crypto/sha256"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/marker"
)

// FuzzDecode reads anything, with a checksum that is right so that the decoder's
// own eyes are tried: it gives an error, or a state that can be written and read
// again as it is.
func FuzzDecode(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add(s[:len(s)-sha256.Size])
	}
	f.Add([]byte("bayplan-state 1\n"))
	f.Add([]byte("bayplan-state 2\n"))
	f.Add([]byte("bayplan-state 1\n\x2a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"))
	f.Fuzz(func(t *testing.T, body []byte) {
		sum := sha256.Sum256(body)
		whole := append(bytes.Clone(body), sum[:]...)
		state, err := decode(bytes.NewReader(whole), int64(len(whole)))
		if err != nil {
			require.Nil(t, state)
			return
		}
		again := encoded(t, state)
		state, err = decode(bytes.NewReader(again), int64(len(again)))
		require.NoError(t, err)
		require.Equal(t, again, encoded(t, state))
	})
}

// encoded writes a state that was read.
func encoded(t testing.TB, s *State) []byte {
	t.Helper()
	if s.Users != nil && s.Users.Records == nil {
		i, view := inventory.New("", nil, inventory.Options{}), s.Users.Memory.View
		s.Users.Records = func(f func(*inventory.Record) error) error { return i.Records(view, f) }
	}
	var out bytes.Buffer
	require.NoError(t, encode(&out, s, DefaultLimit))
	return out.Bytes()
}

// seeds are states as they are written.
func seeds(t testing.TB) [][]byte {
	at := time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)
	scan := &inventory.Scan{Critical: 1, Unknown: 2, At: 3}
	marks := &marker.Marks{State: "beta", Aliases: []marker.Alias{{Name: "b", Pushed: 7}}}
	full := &State{
		SavedAt: at, Allowed: []string{"sha256:x"},
		Catalog: &Catalog{Origin: "oci://a/b", Version: "1", Chosen: "1", Manifest: "sha256:y", Contents: map[string][]byte{"sha256:y": nil}, LastSuccess: at},
		Hosts: []Host{{
			Name: "a", LastSuccess: at,
			Manifests:    map[fact.Reference]fact.Manifest{{Host: "a", Repository: "r", Tag: "t"}: {Status: fact.Present, Digest: "sha256:z"}},
			Repositories: map[string]fact.Repository{"r": {Status: fact.Present, Tags: []string{"t"}, Marks: marks}},
		}},
		Users: &Users{Host: "h", Memory: inventory.Memory{Version: "v2", LastSuccess: at, LastSweep: at}, Records: func(f func(*inventory.Record) error) error {
			var d decoder
			if err := d.detail(nil); err != nil {
				return err
			}
			image := inventory.Image{Tag: "latest", Details: d.details[0], Scan: scan, Pushed: 1, Size: 2}
			return f(&inventory.Record{Project: "tool-a", ID: 1, Private: true, Repositories: []inventory.RepositoryRecord{{Name: "web", Updated: -1, Images: []inventory.Image{image}, Marks: marks}}})
		}},
	}
	return [][]byte{encoded(t, &State{}), encoded(t, full)}
}

// What a later version adds is passed over, at each level.
func TestUnknownFieldsArePassedOver(t *testing.T) {
	whole := seeds(t)[1]
	state, err := decode(bytes.NewReader(whole), int64(len(whole)))
	require.NoError(t, err)

	var unknown, saved message
	unknown.text(1, "what a later version says")
	saved.time(1, state.SavedAt)
	saved.text(99, "more")
	body := bytes.Clone(whole[:len(whole)-sha256.Size])
	more := message(body)
	more.bytes(200, unknown)
	more.bytes(fieldSaved, saved)
	sum := sha256.Sum256(more)
	later := slices.Concat(more, sum[:])
	read, err := decode(bytes.NewReader(later), int64(len(later)))
	require.NoError(t, err)
	require.Equal(t, encoded(t, state), encoded(t, read))
}
