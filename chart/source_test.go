package chart_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/archive"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/strictyaml"
)

const (
	chartYAML = "apiVersion: v2\nname: image-config\nversion: 0.0.28-20260722001336-ea583302\nappVersion: \"1.0\"\ndescription: A test.\n"
	values    = "formatVersion: \"1.0\"\nimages:\n  a: {state: stable, image: registry.example/a}\n"
	badValues = "formatVersion: \"1.0\"\nimages:\n  a: {state: stabel, image: registry.example/a}\n"
)

// folder writes a chart's files into a directory of their own.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "some-chart")
	require.NoError(t, os.Mkdir(dir, 0o755))
	for name, text := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	return dir
}

// tgz packs files below the folder image-config, in the order given.
func tgz(t *testing.T, files ...string) []byte {
	t.Helper()
	var out bytes.Buffer
	compressed := gzip.NewWriter(&out)
	w := tar.NewWriter(compressed)
	for pair := range slices.Chunk(files, 2) {
		require.NoError(t, w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "image-config/" + pair[0], Size: int64(len(pair[1])), Mode: 0o644}))
		_, err := w.Write([]byte(pair[1]))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	require.NoError(t, compressed.Close())
	return out.Bytes()
}

func writeFile(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, data, 0o600))
	return path
}

func TestOpenReadsDirectoriesAndArchives(t *testing.T) {
	for kind, path := range map[string]string{
		"directory": folder(t, map[string]string{"Chart.yaml": chartYAML, "values.yaml": values}),
		"archive":   writeFile(t, "image-config-0.0.28.tgz", tgz(t, "Chart.yaml", chartYAML, "values.yaml", values)),
	} {
		source, err := chart.Open(path)
		require.NoError(t, err, kind)
		require.Equal(t, kind, source.Kind)
		require.Equal(t, path, source.Path)
		loaded, err := source.Load()
		require.NoError(t, err, kind)
		require.Empty(t, loaded.Warnings)
		require.Equal(t, chart.Metadata{
			APIVersion: "v2", Name: "image-config", Version: "0.0.28-20260722001336-ea583302", AppVersion: "1.0", Description: "A test.",
		}, loaded.Metadata)
		require.Equal(t, "1.0", loaded.Catalog.FormatVersion)
		require.Contains(t, loaded.Catalog.Images, "a")
	}
}

func TestFindingsSayWhichFileToOpen(t *testing.T) {
	dir := folder(t, map[string]string{"Chart.yaml": chartYAML, "values.yaml": badValues})
	packed := writeFile(t, "x.tgz", tgz(t, "Chart.yaml", chartYAML, "values.yaml", badValues))
	for path, prefix := range map[string]string{
		dir:    filepath.Join(dir, "values.yaml") + ":3:7: error: images.a.state: ",
		packed: packed + "!values.yaml:3:7: error: images.a.state: ",
	} {
		source, err := chart.Open(path)
		require.NoError(t, err)
		_, findings := source.Check()
		require.Len(t, findings, 1)
		require.True(t, strings.HasPrefix(findings[0].String(), prefix), findings[0].String())
		_, err = source.Load()
		require.EqualError(t, err, findings[0].String())
	}
}

func TestOpenRefusesWhatIsNoChart(t *testing.T) {
	nothing := filepath.Join(t.TempDir(), "nothing")
	pipe := folder(t, map[string]string{"Chart.yaml": chartYAML})
	require.NoError(t, syscall.Mkfifo(filepath.Join(pipe, "values.yaml"), 0o600))
	big := strings.Repeat("#", strictyaml.MaxBytes+1)
	for name, c := range map[string]struct {
		path, words string
		is          error
	}{
		"nothing there":             {nothing, "no such file", fs.ErrNotExist},
		"no Chart.yaml":             {folder(t, map[string]string{"values.yaml": values}), "is no catalog chart: stat Chart.yaml", fs.ErrNotExist},
		"no values.yaml":            {folder(t, map[string]string{"Chart.yaml": chartYAML}), "values.yaml", fs.ErrNotExist},
		"an empty directory":        {folder(t, nil), "Chart.yaml", fs.ErrNotExist},
		"a long values.yaml":        {folder(t, map[string]string{"Chart.yaml": chartYAML, "values.yaml": big}), "values.yaml has more than 2097152 bytes", archive.ErrTooLarge},
		"a pipe":                    {pipe, "values.yaml is no file", nil},
		"a device":                  {os.DevNull, "neither a directory nor a file", nil},
		"a values.yaml":             {writeFile(t, "values.yaml", []byte(values)), "neither a chart's directory nor a packaged chart (.tgz)", nil},
		"a .tgz that is none":       {writeFile(t, "x.tgz", []byte("<html>not found</html>")), "neither a chart's directory nor a packaged chart (.tgz)", nil},
		"an empty file":             {writeFile(t, "x.tgz", nil), "neither a chart's directory nor a packaged chart (.tgz)", nil},
		"a gzip of nothing":         {writeFile(t, "x.tgz", []byte("\x1f\x8b")), "not gzip", nil},
		"a long archive":            {writeFile(t, "x.tgz", make([]byte, archive.MaxCompressed+1)), "more than 1048576 bytes", archive.ErrTooLarge},
		"an archive without values": {writeFile(t, "x.tgz", tgz(t, "Chart.yaml", chartYAML)), "the archive holds no values.yaml", fs.ErrNotExist},
		"an archive without chart":  {writeFile(t, "x.tgz", tgz(t, "README.md", "")), "the archive holds no Chart.yaml", fs.ErrNotExist},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := chart.Open(c.path)
			require.ErrorContains(t, err, c.words)
			if c.is != nil {
				require.ErrorIs(t, err, c.is)
			}
		})
	}
}

// An archive may hold more text than is read as YAML.
func TestALongFileInAnArchiveIsAFinding(t *testing.T) {
	source, err := chart.FromArchive(tgz(t, "Chart.yaml", chartYAML, "values.yaml", strings.Repeat("#", strictyaml.MaxBytes+1)), "")
	require.NoError(t, err)
	loaded, findings := source.Check()
	require.Nil(t, loaded)
	require.Len(t, findings, 1)
	require.Equal(t, "values.yaml: error: the file has 2097153 bytes, at most 2097152 are read (yaml-syntax)", findings[0].String())
}

func TestFromFSWithoutAPath(t *testing.T) {
	_, err := chart.FromFS(fstest.MapFS{}, "directory", "")
	require.EqualError(t, err, "open Chart.yaml: file does not exist")
}

func TestChartYAMLIsCheckedAsFarAsACatalogNeedsIt(t *testing.T) {
	for text, want := range map[string][]string{
		chartYAML + "maintainers: ~\nkubeVersion: 1.30\n": nil,
		"apiVersion: v1\nname: other\nversion: 1.0\n": {
			"Chart.yaml:1:1: error: apiVersion: apiVersion is \"v1\": write v2 (chart-api-version)",
			"Chart.yaml:2:1: error: name: the chart is named \"other\": a catalog chart is named image-config (chart-name)",
			"Chart.yaml:3:1: error: version: version \"1.0\" is no SemVer version: write MAJOR.MINOR.PATCH, for example 0.0.29 (chart-version)",
		},
		chartYAML + "version: 0.0.29\n":                      {"Chart.yaml:6:1: error: version: key \"version\" is here twice: the first is on line 3 (yaml-duplicate)"},
		chartYAML + "---\nversion: 0.0.29\n":                 {"Chart.yaml:6:1: error: a second document begins here: keep one document to a file (yaml-syntax)"},
		chartYAML + "maintainers: [~]\n":                     {"Chart.yaml:6:15: error: maintainers[0]: the value is null, which Helm drops: leave the key out, or write a value (yaml-null)"},
		chartYAML + "#" + strings.Repeat("x", 66_000) + "\n": {fmt.Sprintf("Chart.yaml:1:1: error: the file has %d bytes, at most 65536 are read (yaml-syntax)", len(chartYAML)+66_002)},
		"apiVersion: [\n":                                    {"Chart.yaml:1: error: did not find expected node content (yaml-syntax)"},
		strings.Repeat("#", strictyaml.MaxBytes+1):           {"Chart.yaml: error: the file has 2097153 bytes, at most 2097152 are read (yaml-syntax)"},
	} {
		source, err := chart.FromArchive(tgz(t, "Chart.yaml", text, "values.yaml", values), "")
		require.NoError(t, err)
		_, findings := source.Check()
		var got []string
		for _, f := range findings {
			got = append(got, f.String())
		}
		require.Equal(t, want, got)
	}
}

func TestBundledChartHasNothingWrongWithIt(t *testing.T) {
	source, err := chart.Bundled()
	require.NoError(t, err)
	require.Equal(t, "bundled", source.Kind)
	loaded, findings := source.Check()
	require.Empty(t, findings)
	require.Len(t, loaded.Catalog.Images, 41)
	require.Equal(t, asData(t, readCatalog(t, "images-v1.yaml")), asData(t, loaded.Catalog.LegacyYAML()))
	served, err := source.Load()
	require.NoError(t, err)
	require.Empty(t, served.Warnings)
	require.Equal(t, loaded.Catalog, served.Catalog)
}

// The bundled chart is the directory, hidden files included.
func TestBundledChartIsComplete(t *testing.T) {
	names := func(files fs.FS) (names []string) {
		require.NoError(t, fs.WalkDir(files, ".", func(name string, _ fs.DirEntry, err error) error {
			names = append(names, name)
			return err
		}))
		return names
	}
	require.Equal(t, names(os.DirFS(chart.Name)), names(chart.BundledFS()))
	require.Contains(t, names(chart.BundledFS()), ".helmignore")
}
