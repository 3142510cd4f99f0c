package store_test

import (
	"bufio"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/store"
)

var kills = flag.Int("kills", 30, "how many times a process is killed that writes states")

// writerVariable makes the test's binary a process that writes states.
const writerVariable = "BAYPLAN_TEST_STATE_WRITER"

// writtenProjects is how large the states are that are written: a few hundred
// kilobytes, so that most of a writer's time is writing.
const writtenProjects = 1000

func TestMain(m *testing.M) {
	if dir := os.Getenv(writerVariable); dir != "" {
		if err := writeForever(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// writeForever goes on from the state that is there, and says which it has
// written.
func writeForever(dir string) error {
	s, err := store.Open(dir, 0)
	if err != nil {
		return err
	}
	state, passed := s.Load()
	if len(passed) > 0 {
		return passed[0].Err
	}
	number := 0
	if state != nil {
		number = numberOf(state)
	}
	for fmt.Println(number); ; fmt.Println(number) {
		number++
		if _, err := s.Write(stateOf(number, writtenProjects)); err != nil {
			return err
		}
	}
}

func numberOf(s *store.State) int { return int(s.SavedAt.Sub(noon) / time.Second) }

// A process that is killed at whatever moment leaves a state that is whole, and
// not older than the last that it had written.
func TestKillsLoseNothing(t *testing.T) {
	program, err := os.Executable()
	require.NoError(t, err)
	dir := t.TempDir()
	last, writing := 0, 5*time.Millisecond
	for range *kills {
		writer := exec.CommandContext(t.Context(), program)
		writer.Env = append(os.Environ(), writerVariable+"="+dir)
		writer.Stderr = os.Stderr
		lines, err := writer.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, writer.Start())
		said := bufio.NewScanner(lines)
		require.True(t, said.Scan(), "it says what it begins with")
		began := time.Now()
		for range rand.N(3) {
			require.True(t, said.Scan(), "it writes")
		}
		if wrote := time.Since(began); wrote > writing {
			writing = wrote // as long as this machine takes now
		}
		time.AfterFunc(rand.N(writing), func() { _ = writer.Process.Kill() })
		written := said.Text()
		for said.Scan() {
			written = said.Text()
		}
		require.Error(t, writer.Wait(), "it was killed")
		acknowledged, err := strconv.Atoi(written)
		require.NoError(t, err)

		s, err := store.Open(dir, 0)
		require.NoError(t, err, "nobody holds the lock any more")
		state, passed := s.Load()
		require.Empty(t, passed)
		require.NoError(t, s.Close())
		number := 0
		if state != nil {
			number = numberOf(state)
			requireState(t, stateOf(number, writtenProjects), state)
		}
		require.GreaterOrEqual(t, number, acknowledged)
		require.LessOrEqual(t, number, acknowledged+1)
		require.GreaterOrEqual(t, number, last)
		last = number
	}
	require.Positive(t, last)
	t.Logf("%d kills, %d states written; each restart found the last one whole", *kills, last)
}
