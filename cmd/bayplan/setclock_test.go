package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// settable is a bayplan whose wall clock can be set, for it alone: as on a machine
// whose clock is set, its monotonic clock goes on as it did.
//
// Nothing that a test may do sets the wall clock of one process: Linux's time
// namespaces leave it alone, and a Go program asks no library that could be
// replaced. So the program is built with another time.Now, which adds what a file
// says to the seconds; all else is the program as it is.
type settable struct {
	file   string
	offset time.Duration
}

// clockReader is the file that the program gets besides its own.
const clockReader = `package main

import (
	"os"
	"strconv"
	"strings"
	"time"
)

func init() {
	set := func() {
		text, _ := os.ReadFile(os.Getenv("BAYPLAN_TEST_CLOCK"))
		if seconds, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil {
			time.SetWall(seconds)
		}
	}
	set()
	go func() {
		for {
			time.Sleep(10 * time.Millisecond)
			set()
		}
	}()
}
`

// buildSettable builds that program.
func buildSettable(t testing.TB) (program string) {
	t.Helper()
	root, err := exec.CommandContext(t.Context(), "go", "env", "GOROOT").Output()
	require.NoError(t, err)
	original := filepath.Join(strings.TrimSpace(string(root)), "src", "time", "time.go")
	text, err := os.ReadFile(original)
	require.NoError(t, err)
	const now = "func Now() Time {\n\tsec, nsec, mono := runtimeNow()\n"
	require.Equal(t, 1, strings.Count(string(text), now), "this Go's time.Now is another")
	other := strings.Replace(string(text), now, now+"\tsec += wall\n", 1) +
		"\nvar wall int64\n\n// SetWall adds so many seconds to the wall clock.\nfunc SetWall(seconds int64) { wall = seconds }\n"
	dir := t.TempDir()
	here, err := os.Getwd()
	require.NoError(t, err)
	replace := map[string]string{original: filepath.Join(dir, "time.go"), filepath.Join(here, "clockreader.go"): filepath.Join(dir, "clockreader.go")}
	require.NoError(t, os.WriteFile(replace[original], []byte(other), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "clockreader.go"), []byte(clockReader), 0o600))
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "overlay.json"), overlay, 0o600))
	program = filepath.Join(dir, "bayplan")
	said, err := exec.CommandContext(t.Context(), "go", "build", "-overlay", filepath.Join(dir, "overlay.json"), "-o", program, ".").CombinedOutput()
	require.NoError(t, err, string(said))
	return program
}

// set puts the wall clock so far from the machine's.
func (s *settable) set(t testing.TB, offset time.Duration) {
	t.Helper()
	s.offset = offset
	beside := s.file + ".new"
	require.NoError(t, os.WriteFile(beside, []byte(strconv.Itoa(int(offset/time.Second))), 0o600))
	require.NoError(t, os.Rename(beside, s.file))
}

// day is the UTC day that it shows.
func (s *settable) day() string { return time.Now().Add(s.offset).UTC().Format(time.DateOnly) }
