package archive_test

import (
	"errors"
	"io/fs"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/archive"
)

func isTooLarge(err error) bool { return errors.Is(err, archive.ErrTooLarge) }

// FuzzRead holds that whatever comes, nothing panics, what is given is within
// the bounds, and its names are such that they can be written below a folder.
func FuzzRead(f *testing.F) {
	f.Add(tgz(f, plain()...))
	for _, c := range hostile(f) {
		if len(c.data) < 4<<10 {
			f.Add(c.data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) { check(t, data) })
}

// FuzzReadTar is the same behind gzip, whose checksum few changes survive.
func FuzzReadTar(f *testing.F) {
	f.Add(tarred(f, plain()...))
	f.Add(tarred(f, special(0x35, "c/", ""), file("c/a", "1"), special(0x32, "c/l", "a")))
	f.Fuzz(func(t *testing.T, data []byte) { check(t, gzipped(t, data)) })
}

func check(t *testing.T, data []byte) {
	t.Helper()
	chart, err := archive.Read(data)
	if err != nil {
		require.Nil(t, chart)
		return
	}
	size := 0
	for name, content := range chart.Files {
		require.True(t, fs.ValidPath(chart.Folder+"/"+name), name)
		size += len(content)
	}
	require.LessOrEqual(t, size, archive.MaxInflated)
	require.NotEmpty(t, chart.Files)
	require.LessOrEqual(t, len(chart.Files), archive.MaxEntries)
}
