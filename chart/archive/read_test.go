package archive_test

import (
	"archive/tar"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/archive"
)

func TestReadGivesTheFilesBelowTheFolder(t *testing.T) {
	want := map[string][]byte{"Chart.yaml": []byte("name: c\n"), "values.yaml": []byte("a: 1\n"), "templates/x.yaml": {}}
	for name, data := range map[string][]byte{
		"as Helm packs":                tgz(t, plain()...),
		"with folders":                 tgz(t, append([]entry{special(tar.TypeDir, "c/", ""), special(tar.TypeDir, "c/templates/", "")}, plain()...)...),
		"padded as GNU tar":            gzipped(t, append(tarred(t, plain()...), make([]byte, 20*512)...)),
		"with a git comment":           tgz(t, append([]entry{{tar.Header{Typeflag: tar.TypeXGlobalHeader, Name: "pax_global_header", PAXRecords: map[string]string{"comment": "0123"}}, ""}}, plain()...)...),
		"with times to the nanosecond": pax(t, record("mtime", "1700000000.123456789"), "c/only", ""),
	} {
		t.Run(name, func(t *testing.T) {
			chart, err := archive.Read(data)
			require.NoError(t, err)
			require.Equal(t, "c", chart.Folder)
			if _, only := chart.Files["only"]; !only {
				require.Equal(t, want, chart.Files)
			}
		})
	}
}

func TestReadTakesWhatIsJustWithinTheBounds(t *testing.T) {
	entries := make([]entry, archive.MaxEntries)
	for i := range entries {
		entries[i] = file(fmt.Sprintf("c/%d", i), "")
	}
	chart, err := archive.Read(tgz(t, entries...))
	require.NoError(t, err)
	require.Len(t, chart.Files, archive.MaxEntries)

	name := "c/" + strings.Repeat("d/", 100) + strings.Repeat("x", archive.MaxName-202)
	chart, err = archive.Read(tgz(t, file(name, "deep")))
	require.NoError(t, err)
	require.Equal(t, "deep", string(chart.Files[name[2:]]))
}

// hostile are archives that must not get through, with what is said of them.
func hostile(t testing.TB) []hostileCase {
	with := func(more ...entry) []byte { return tgz(t, append(plain(), more...)...) }
	good := tgz(t, plain()...)
	corrupt := append([]byte(nil), good...)
	corrupt[len(corrupt)-8] ^= 1
	setType := func(kind byte) func([]byte) { return func(h []byte) { h[156] = kind } }
	setName := func(name string) func([]byte) { return func(h []byte) { copy(h[:100], name) } }
	return []hostileCase{
		{"a name over 255 bytes", with(file("c/"+strings.Repeat("x", 254), "")), "an entry's name has 256 bytes, at most 255", true},
		{"a name of a megabyte", with(special(tar.TypeSymlink, "c/"+strings.Repeat("x", 900_000), "y")), "the headers of the archive have more than 524288 bytes", true},

		{"two Chart.yaml", with(file("c/Chart.yaml", "name: d\n")), "entry \"c/Chart.yaml\" is in the archive twice", false},
		{"a symbolic link", with(special(tar.TypeSymlink, "c/link", "/etc/passwd")), "\"c/link\" is neither a file nor a folder", false},
		{"a hard link", with(special(tar.TypeLink, "c/link", "c/values.yaml")), "\"c/link\" is neither a file nor a folder", false},
		{"a character device", with(special(tar.TypeChar, "c/null", "")), "neither a file nor a folder", false},
		{"a block device", with(special(tar.TypeBlock, "c/sda", "")), "neither a file nor a folder", false},
		{"a pipe", with(special(tar.TypeFifo, "c/pipe", "")), "neither a file nor a folder", false},
		{"a contiguous file", patched(t, setType(tar.TypeCont), plain()...), "neither a file nor a folder", false},
		{"a type nobody knows", patched(t, setType('Z'), plain()...), "neither a file nor a folder", false},
		{"a file with the mode of a folder", patched(t, func(h []byte) { copy(h[100:108], "0040644\x00") }, plain()...), "neither a file nor a folder", false},
		{"a file with the name of a folder", patched(t, setName("c/Chart.yaml/"), plain()...), "neither a file nor a folder", false},
		{"a sparse file", sparse(t, "c/values.yaml"), "\"c/values.yaml\" is a sparse file", false},
		{"a sparse file of the old kind", patched(t, func(h []byte) {
			h[156] = tar.TypeGNUSparse
			copy(h[257:265], "ustar  \x00")
			copy(h[386:], "00000000000\x0000000000000\x00")
			copy(h[483:495], "77777777777\x00")
		}, file("c/values.yaml", "")), "\"c/values.yaml\" is a sparse file", false},

		{"a way up", with(file("c/../../etc/passwd", "")), "unsafe name", false},
		{"a way up at the start", with(file("../c/x", "")), "unsafe name", false},
		{"a way up alone", with(special(tar.TypeDir, "../", "")), "unsafe name", false},
		{"an absolute name", with(file("/c/x", "")), "unsafe name", false},
		{"a drive", with(file(`C:\x`, "")), "unsafe name", false},
		{"a backslash", with(file(`c\values.yaml`, "")), "unsafe name", false},
		{"a dot in front", tgz(t, file("./c/Chart.yaml", "")), "unsafe name", false},
		{"a slash too many", with(file("c//values.yaml", "")), "unsafe name", false},
		{"a line break", with(file("c/a\nb", "")), "unsafe name", false},
		{"no UTF-8", patched(t, setName("c/\xff"), plain()...), "unsafe name", false},
		{"no name", patched(t, func(h []byte) { clear(h[:100]) }, plain()...), "unsafe name", false},
		{"NUL in a PAX name", pax(t, record("path", "c/a\x00b"), "c/x", ""), "damaged", false},
		{"another name by PAX", pax(t, record("path", "../x"), "c/x", ""), "\"../x\" has an unsafe name", false},
		{"another size by PAX", pax(t, record("size", "99999999999"), "c/x", "1234"), "\"c/x\" has 99999999999 bytes", true},
		{"a size below zero by PAX", pax(t, record("size", "-1"), "c/x", "1234"), "damaged", false},

		{"two top folders", with(file("d/Chart.yaml", "")), "\"d/Chart.yaml\" is outside the chart's folder \"c\"", false},
		{"a file at the top", tgz(t, file("Chart.yaml", "")), "a file where the chart's folder should be", false},
		{"a subchart", with(file("c/charts/d/Chart.yaml", "")), "a catalog chart has no subcharts", false},
		{"a subchart in an archive", with(file("c/charts/d.tgz", string(good))), "a catalog chart has no subcharts", false},

		{"nothing", nil, "not gzip: EOF", false},
		{"no gzip", []byte("<html>"), "not gzip", false},
		{"no tar", gzipped(t, []byte(strings.Repeat("no tar ", 200))), "damaged", false},
		{"an empty tar", tgz(t), "the archive holds no file", false},
		{"a folder alone", tgz(t, special(tar.TypeDir, "c/", "")), "the archive holds no file", false},
		{"a gzip of nothing", gzipped(t, nil), "the archive holds no file", false},
		{"cut off", good[:len(good)/2], "unexpected EOF", false},
		{"cut off before the checksum", good[:len(good)-8], "unexpected EOF", false},
		{"a wrong checksum", corrupt, "invalid checksum", false},
		{"a tar that is cut off", gzipped(t, tarred(t, plain()...)[:516]), "unexpected EOF", false},
		{"bytes after the end", append(append([]byte(nil), good...), "more"...), "4 bytes follow the end of the archive", false},
		{"a second gzip member", append(append([]byte(nil), good...), good...), "follow the end of the archive", false},
		{"a second tar behind the first", gzipped(t, append(tarred(t, plain()...), tarred(t, plain()...)...)), "something follows the end of the archive's last file", false},
	}
}

// bombs are the archives that are small only until they are read.
func bombs(t testing.TB) []hostileCase {
	many := make([]entry, 20_000)
	for i := range many {
		many[i] = file(fmt.Sprintf("c/%d", i), "x")
	}
	with := func(more ...entry) []byte { return tgz(t, append(plain(), more...)...) }
	return []hostileCase{
		{"98 KB that inflate to 95 MiB", with(file("c/zeros", strings.Repeat("\x00", 95<<20))), "the archive inflates to more than", true},
		{"many files that inflate to too much", with(file("c/a", strings.Repeat("a", 4<<20)), file("c/b", strings.Repeat("b", 4<<20))), "the archive inflates to more than", true},
		{"20,000 tiny files", tgz(t, many...), "the archive inflates to more than", true},
		{"padding without end", gzipped(t, append(tarred(t, plain()...), make([]byte, 16<<20)...)), "inflates to more than 8388608 bytes", true},
		{"more than is read at all", make([]byte, archive.MaxCompressed+1), "the archive has 1048577 bytes, at most 1048576", true},
	}
}

type hostileCase struct {
	name     string
	data     []byte
	words    string
	tooLarge bool
}

func TestReadRefusesHostileArchives(t *testing.T) {
	for _, c := range append(hostile(t), bombs(t)...) {
		t.Run(c.name, func(t *testing.T) {
			var chart *archive.Chart
			var err error
			taken := allocated(func() { chart, err = archive.Read(c.data) })
			require.ErrorContains(t, err, c.words)
			require.Nil(t, chart)
			require.Equal(t, c.tooLarge, isTooLarge(err), err)
			require.Less(t, len(err.Error()), 1000)
			require.Less(t, taken, uint64(mostMemory))
		})
	}
}

// mostMemory is what the reading of one archive may take from the heap, in bytes,
// all that is freed on the way included.
const mostMemory = 16 << 20

// allocated gives the bytes that a function takes from the heap, freed or not.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func BenchmarkRead(b *testing.B) {
	for name, data := range map[string][]byte{
		"chart": tgz(b, file("c/Chart.yaml", "name: c\n"), file("c/values.yaml", strings.Repeat("a: 1\n", 4000))),
		"bomb":  tgz(b, file("c/zeros", strings.Repeat("\x00", 95<<20))),
		"large": tgz(b, file("c/zeros", strings.Repeat("\x00", archive.MaxInflated-1<<16))),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = archive.Read(data)
			}
		})
	}
}
