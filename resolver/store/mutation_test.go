package store_test

import (
	"bytes"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

var mutations = flag.Int("mutations", 400, "how many times the state's files are damaged")

// Whatever happens to the files, nothing is read that was not written: it is the
// newest state, the one before, or none.
func TestMutationsAreNeverRead(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	wanted := []plain{plainly(t, stateOf(1, 8)), plainly(t, stateOf(2, 8))}
	for number := 1; number <= 2; number++ {
		_, err := s.Write(stateOf(number, 8))
		require.NoError(t, err)
	}
	var paths []string
	whole := map[string][]byte{}
	for _, path := range files(t, dir) {
		if path == "lock" {
			continue // it has no content
		}
		text, err := os.ReadFile(filepath.Join(dir, path))
		require.NoError(t, err)
		paths, whole[path] = append(paths, path), text
	}
	random := rand.New(rand.NewPCG(1, 2))
	var newest, before, none int
	for n := range *mutations {
		path := paths[n%len(paths)]
		damage := mutate(random, whole[path])
		require.NoError(t, os.WriteFile(filepath.Join(dir, path), damage, 0o600))
		state, passed := s.Load()
		switch {
		case state == nil:
			none++
			require.NotEmpty(t, passed)
		case plainly(t, state).state.SavedAt.Equal(wanted[1].state.SavedAt):
			newest++
			require.Equal(t, wanted[1], plainly(t, state), "%s", path)
		default:
			before++
			require.Equal(t, wanted[0], plainly(t, state), "%s", path)
			require.NotEmpty(t, passed)
		}
		require.NoError(t, os.WriteFile(filepath.Join(dir, path), whole[path], 0o600))
	}
	t.Logf("%d mutations: %d times the newest state, %d times the one before, %d times none; never another", *mutations, newest, before, none)
	require.Positive(t, newest)
	require.Positive(t, before)
	_, err := s.Write(stateOf(3, 8))
	require.NoError(t, err)
	state, passed := s.Load()
	require.Empty(t, passed)
	requireState(t, stateOf(3, 8), state)
}

// mutate damages a text in one of the ways in which disks, copies and people do;
// the result is another text.
func mutate(random *rand.Rand, whole []byte) []byte {
	for {
		text := bytes.Clone(whole)
		at := random.IntN(len(text))
		end := at + random.IntN(len(text)-at) + 1
		switch random.IntN(7) {
		case 0:
			text[at] ^= 1 << random.IntN(8)
		case 1:
			text = text[:at]
		case 2:
			clear(text[at:end])
		case 3:
			text = slices.Delete(text, at, end)
		case 4:
			text = slices.Insert(text, at, whole[at:end]...)
		case 5:
			for n := range text[at:end] {
				text[at+n] = byte(random.Uint32())
			}
		case 6:
			text = append(text, whole[:at+1]...)
		}
		if !bytes.Equal(text, whole) {
			return text
		}
	}
}
