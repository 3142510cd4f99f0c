package pack_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/chart/loader"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/archive"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/pack"
)

const shipped = "../image-config"

// copied is the shipped chart in a directory of its own.
func copied(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "any-name")
	require.NoError(t, os.CopyFS(dir, os.DirFS(shipped)))
	return dir
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, name)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
}

func packed(t *testing.T, dir string) *pack.Package {
	t.Helper()
	p, err := pack.Dir(dir)
	require.NoError(t, err)
	return p
}

func names(t *testing.T, p *pack.Package) (names []string) {
	t.Helper()
	content, err := archive.Read(p.Archive)
	require.NoError(t, err)
	require.Equal(t, chart.Name, content.Folder)
	for name := range content.Files {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func TestTheSameFilesGiveTheSameBytes(t *testing.T) {
	want := packed(t, shipped).Archive
	require.Equal(t, want, packed(t, shipped).Archive, "twice")

	other := copied(t)
	require.NoError(t, filepath.WalkDir(other, func(path string, entry fs.DirEntry, err error) error {
		mode := fs.FileMode(0o400)
		if entry.IsDir() {
			mode = 0o700
		}
		return errors.Join(err, os.Chmod(path, mode), os.Chtimes(path, time.Unix(0, 0), time.Unix(1_900_000_000, 0)))
	}))
	require.Equal(t, want, packed(t, other).Archive, "other times and modes")

	before := syscall.Umask(0o077)
	defer syscall.Umask(before)
	require.Equal(t, want, packed(t, copied(t)).Archive, "another umask")
}

func TestTheOrderOfFilesDoesNotMatter(t *testing.T) {
	files := []pack.File{
		{Name: "values.yaml", Data: []byte("formatVersion: \"1.0\"\nimages: {a: {state: stable, image: registry.example/a}}\n")},
		{Name: "Chart.yaml", Data: []byte("apiVersion: v2\nname: image-config\nversion: 1.0.0\n")},
		{Name: "templates/a.yaml"}, {Name: "templates/Z.yaml"}, {Name: "README.md", Data: []byte("é\n")},
	}
	first, err := pack.Files(files)
	require.NoError(t, err)
	for range 5 {
		rand.Shuffle(len(files), func(i, j int) { files[i], files[j] = files[j], files[i] })
		given := slices.Clone(files)
		again, err := pack.Files(files)
		require.NoError(t, err)
		require.Equal(t, first.Archive, again.Archive)
		require.Equal(t, given, files, "the caller's list is left as it is")
	}
}

// Nothing of the machine, the day or the user is in the archive.
func TestEntriesHoldNothingButNameAndContent(t *testing.T) {
	unzipped, err := gzip.NewReader(bytes.NewReader(packed(t, shipped).Archive))
	require.NoError(t, err)
	require.Zero(t, unzipped.ModTime)
	require.Empty(t, unzipped.Name)
	r := tar.NewReader(unzipped)
	for i := 0; ; i++ {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			require.Positive(t, i)
			return
		}
		require.NoError(t, err)
		if i == 0 {
			require.Equal(t, "image-config/Chart.yaml", header.Name, "first, as readers expect it")
		}
		require.Equal(t, tar.Header{
			Typeflag: tar.TypeReg, Name: header.Name, Size: header.Size, Mode: 0o644, Format: tar.FormatUSTAR,
			ModTime: header.ModTime,
		}, *header)
		require.Equal(t, "1980-01-01T00:00:00Z", header.ModTime.UTC().Format(time.RFC3339))
	}
}

func TestHelmignoreIsHonoured(t *testing.T) {
	dir := copied(t)
	for _, litter := range []string{".DS_Store", "values.yaml~", "image-config-0.0.1.tgz", ".git/config", "notes.bak"} {
		write(t, dir, litter, "litter")
	}
	require.Equal(t, packed(t, shipped).Archive, packed(t, dir).Archive)

	write(t, dir, ".helmignore", "README.md\n*.tgz\n*.bak\n*~\n.git/\n.DS_Store\n")
	require.NotContains(t, names(t, packed(t, dir)), "README.md")
}

func TestHelmLoadsTheArchive(t *testing.T) {
	p := packed(t, shipped)
	loaded, err := loader.LoadArchive(bytes.NewReader(p.Archive))
	require.NoError(t, err)
	require.NoError(t, loaded.Validate())
	require.Equal(t, p.Chart.Metadata.Version, loaded.Metadata.Version)
	require.Len(t, loaded.Values["images"], len(p.Chart.Catalog.Images))
	require.NotEmpty(t, loaded.Schema)
	require.Len(t, loaded.Templates, 2)
}

func TestBundledIsTheDirectory(t *testing.T) {
	bundled, err := pack.Bundled()
	require.NoError(t, err)
	require.Equal(t, packed(t, shipped).Archive, bundled.Archive)
	require.Len(t, bundled.Chart.Catalog.Images, 41)
}

// Links are followed, as Helm follows them: the archive holds files alone.
func TestSymbolicLinksBecomeFiles(t *testing.T) {
	dir := copied(t)
	elsewhere := filepath.Join(t.TempDir(), "values.yaml")
	require.NoError(t, os.Rename(filepath.Join(dir, "values.yaml"), elsewhere))
	require.NoError(t, os.Symlink(elsewhere, filepath.Join(dir, "values.yaml")))
	require.Equal(t, packed(t, shipped).Archive, packed(t, dir).Archive)

	require.NoError(t, os.Symlink("nowhere", filepath.Join(dir, "broken")))
	_, err := pack.Dir(dir)
	require.ErrorContains(t, err, "nowhere")
}

func TestAnInvalidChartIsNotPackaged(t *testing.T) {
	for name, c := range map[string]struct{ file, text, words string }{
		"an unknown state":       {"values.yaml", "formatVersion: \"1.0\"\nimages: {a: {state: stabel, image: registry.example/a}}\n", "values.yaml:2:14: error: images.a.state:"},
		"no YAML":                {"values.yaml", "images: [\n", "values.yaml:1: error:"},
		"an empty catalog":       {"values.yaml", "", "values.yaml:1:1: error:"},
		"another chart":          {"Chart.yaml", "apiVersion: v2\nname: other\nversion: 1.0.0\n", "a catalog chart is named image-config"},
		"no version":             {"Chart.yaml", "apiVersion: v2\nname: image-config\n", "is no SemVer version"},
		"a Chart.yaml of Helm 2": {"Chart.yaml", "apiVersion: v1\nname: image-config\nversion: 1.0.0\n", "write v2"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := copied(t)
			write(t, dir, c.file, c.text)
			_, err := pack.Dir(dir)
			var invalid *chart.InvalidError
			require.ErrorAs(t, err, &invalid)
			require.ErrorContains(t, err, c.words)
			require.ErrorContains(t, err, dir, "the finding says which file to open")
		})
	}
}

func TestWhatCannotBePackaged(t *testing.T) {
	for name, c := range map[string]struct {
		change func(t *testing.T, dir string)
		words  string
		is     error
	}{
		"no directory":   {func(t *testing.T, dir string) { require.NoError(t, os.RemoveAll(dir)) }, "no such file", fs.ErrNotExist},
		"no values.yaml": {func(t *testing.T, dir string) { require.NoError(t, os.Remove(filepath.Join(dir, "values.yaml"))) }, "values.yaml", fs.ErrNotExist},
		"ignored values": {func(t *testing.T, dir string) { write(t, dir, ".helmignore", "values.yaml\n") }, "the archive holds no values.yaml", fs.ErrNotExist},
		"a subchart": {func(t *testing.T, dir string) {
			write(t, dir, "charts/sub/Chart.yaml", "apiVersion: v2\nname: sub\nversion: 1.0.0\n")
		}, "a catalog chart has no subcharts", nil},
		"a pipe": {func(t *testing.T, dir string) { require.NoError(t, syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600)) }, "irregular file", nil},
		"too many bytes": {func(t *testing.T, dir string) {
			write(t, dir, "a", strings.Repeat("a", 5<<20))
			write(t, dir, "b", strings.Repeat("b", 4<<20))
		}, "over the bound", archive.ErrTooLarge},
		"too many packed": {func(t *testing.T, dir string) { write(t, dir, "a", noise(4<<20)) }, "at most 1048576 are read", archive.ErrTooLarge},
		"too many files": {func(t *testing.T, dir string) {
			for i := range 200 {
				write(t, dir, fmt.Sprint("f", i), "")
			}
		}, "more than 200 entries", archive.ErrTooLarge},
		"a large values.yaml": {func(t *testing.T, dir string) { write(t, dir, "values.yaml", strings.Repeat("#", 3<<20)) }, "values.yaml has more than", archive.ErrTooLarge},
		"a long name":         {func(t *testing.T, dir string) { write(t, dir, strings.Repeat("x", 250), "") }, "an entry's name has 263 bytes", archive.ErrTooLarge},
		"a backslash":         {func(t *testing.T, dir string) { write(t, dir, `a\b`, "") }, "unsafe name", nil},
	} {
		t.Run(name, func(t *testing.T) {
			dir := copied(t)
			c.change(t, dir)
			_, err := pack.Dir(dir)
			require.ErrorContains(t, err, c.words)
			if c.is != nil {
				require.ErrorIs(t, err, c.is)
			}
		})
	}
}

// noise does not compress.
func noise(n int) string {
	data := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{}).Read(data)
	return string(data)
}

// Names that the plain tar header does not hold are written as PAX records.
func TestNamesBeyondASCII(t *testing.T) {
	dir := copied(t)
	write(t, dir, "docs/日本.md", "text")
	p := packed(t, dir)
	require.Contains(t, names(t, p), "docs/日本.md")
	require.Equal(t, p.Archive, packed(t, dir).Archive)
}

func TestFilesRefusesNamesThatLeaveTheChart(t *testing.T) {
	for _, name := range []string{"../x", "/x", "a/../b"} {
		_, err := pack.Files([]pack.File{{Name: name, Data: []byte("x")}})
		require.ErrorContains(t, err, "unsafe name", name)
	}
	_, err := pack.Files(nil)
	require.ErrorContains(t, err, "the archive holds no file")
	_, err = pack.Files([]pack.File{{Name: "a"}, {Name: "a"}})
	require.ErrorContains(t, err, "twice")
}

// What Bayplan packages is the chart, whatever the machine.
func Example() {
	once, err := pack.Bundled()
	if err != nil {
		fmt.Println(err)
		return
	}
	again, err := pack.Bundled()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(once.Chart.Metadata.Name, once.Chart.Metadata.Version, bytes.Equal(once.Archive, again.Archive))
	// Output: image-config 0.0.0-sample.1 true
}

// A chart that leaves its version to whoever releases it is packaged under
// that one, and nothing else of it changes.
func TestDirAs(t *testing.T) {
	dir := copied(t)
	const comment = "# numbered by CI\nversion: 0.0.0 # not here\n"
	write(t, dir, "Chart.yaml", "apiVersion: v2\nname: image-config\n"+comment)
	p, err := pack.DirAs(dir, "0.0.29-20260801093000-0badc0de")
	require.NoError(t, err)
	require.Equal(t, "0.0.29-20260801093000-0badc0de", p.Chart.Metadata.Version)
	content, err := archive.Read(p.Archive)
	require.NoError(t, err)
	require.Equal(t, "apiVersion: v2\nname: image-config\n# numbered by CI\nversion: 0.0.29-20260801093000-0badc0de # not here\n",
		string(content.Files["Chart.yaml"]))
	again, err := pack.DirAs(dir, "0.0.29-20260801093000-0badc0de")
	require.NoError(t, err)
	require.Equal(t, p.Archive, again.Archive)
	require.Equal(t, "0.0.0", packed(t, dir).Chart.Metadata.Version)

	write(t, dir, "Chart.yaml", "apiVersion: v2\nname: image-config\nversion: 1.2.3\n")
	p, err = pack.DirAs(dir, "1.2.3")
	require.NoError(t, err)
	require.Equal(t, packed(t, dir).Archive, p.Archive)
	_, err = pack.DirAs(dir, "1.2.4")
	require.ErrorContains(t, err, "says version 1.2.3")
	write(t, dir, "Chart.yaml", "{apiVersion: v2, name: image-config, version: 0.0.0}\n")
	_, err = pack.DirAs(dir, "1.2.4")
	require.ErrorContains(t, err, "a line of its own")
	write(t, dir, "Chart.yaml", "apiVersion: v2\nname: image-config\nversion: 0.0.0\n")
	_, err = pack.DirAs(dir, "1.2")
	require.Error(t, err, "no SemVer")
}

// Older content becomes a new version without changing in anything else.
func TestAs(t *testing.T) {
	dir := copied(t)
	write(t, dir, "Chart.yaml", "apiVersion: v2\nname: image-config\nversion: 1.2.3 # as it was\n")
	old := packed(t, dir)
	again, err := pack.As(old.Archive, "1.4.0")
	require.NoError(t, err)
	require.Equal(t, "1.4.0", again.Chart.Metadata.Version)
	require.Equal(t, old.Chart.Catalog, again.Chart.Catalog)
	before, err := archive.Read(old.Archive)
	require.NoError(t, err)
	after, err := archive.Read(again.Archive)
	require.NoError(t, err)
	require.Equal(t, "apiVersion: v2\nname: image-config\nversion: 1.4.0 # as it was\n", string(after.Files["Chart.yaml"]))
	before.Files["Chart.yaml"] = after.Files["Chart.yaml"]
	require.Equal(t, before.Files, after.Files)

	same, err := pack.As(old.Archive, "1.2.3")
	require.NoError(t, err)
	require.Equal(t, old.Archive, same.Archive)
	_, err = pack.As([]byte("no archive"), "1.2.3")
	require.Error(t, err)
	_, err = pack.As(old.Archive, "1.2")
	require.Error(t, err)
}
