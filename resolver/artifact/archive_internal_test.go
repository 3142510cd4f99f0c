package artifact

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/chart"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/archive"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

const sample = "apiVersion: v2\nname: image-config\nversion: 1.0.0\n"

func entry(name, text string) *packed {
	return &packed{tar.Header{Name: name, Mode: 0o644, Size: int64(len(text)), Typeflag: tar.TypeReg}, text}
}

type packed struct {
	header tar.Header
	text   string
}

func pack(t *testing.T, entries ...*packed) []byte {
	t.Helper()
	var out bytes.Buffer
	squeeze := gzip.NewWriter(&out)
	files := tar.NewWriter(squeeze)
	for _, e := range entries {
		require.NoError(t, files.WriteHeader(&e.header))
		_, err := files.Write([]byte(e.text))
		require.NoError(t, err)
	}
	require.NoError(t, files.Close())
	require.NoError(t, squeeze.Close())
	return out.Bytes()
}

func gzipped(t *testing.T, data []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	squeeze := gzip.NewWriter(&out)
	_, err := squeeze.Write(data)
	require.NoError(t, err)
	require.NoError(t, squeeze.Close())
	return out.Bytes()
}

func TestReadMetadata(t *testing.T) {
	directory := &packed{tar.Header{Name: "image-config/", Mode: 0o755, Typeflag: tar.TypeDir}, ""}
	meta, err := readMetadata(pack(t, directory,
		entry("image-config/charts/sub/Chart.yaml", "name: sub\nversion: 9.9.9\n"),
		entry("image-config/Chart.yaml", sample+"description: \"a\\nb\\u0007c\"\n"),
		entry("image-config/values.yaml", "x: 1\n")))
	require.NoError(t, err)
	require.Equal(t, Metadata{APIVersion: "v2", Name: "image-config", Version: "1.0.0", Description: "a bc"}, meta)

	meta, err = readMetadata(pack(t, entry("x/Chart.yaml", "name: x\nversion: 1.0.0\n")))
	require.NoError(t, err)
	require.Equal(t, "v1", meta.APIVersion)
}

func TestReadMetadataRefuses(t *testing.T) {
	good := entry("image-config/Chart.yaml", sample)
	link := &packed{tar.Header{Name: "image-config/Chart.yaml", Linkname: "/etc/passwd", Typeflag: tar.TypeSymlink}, ""}
	many := []*packed{good}
	for range archive.MaxEntries {
		many = append(many, entry("image-config/x", ""))
	}
	whole := pack(t, good)
	for name, c := range map[string]struct {
		archive []byte
		kind    fault.Kind
		message string
	}{
		"no gzip":            {[]byte("PK\x03\x04"), fault.Invalid, "not gzip"},
		"no tar":             {gzipped(t, bytes.Repeat([]byte("no tar"), 1000)), fault.Invalid, "cannot be read"},
		"cut off":            {whole[:len(whole)/2], fault.Invalid, "cannot be read"},
		"rubbish behind":     {append(bytes.Clone(whole), "rubbish"...), fault.Invalid, "cannot be read"},
		"empty":              {pack(t), fault.Invalid, "no Chart.yaml"},
		"none":               {pack(t, entry("image-config/values.yaml", "")), fault.Invalid, "no Chart.yaml"},
		"too deep":           {pack(t, entry("a/b/Chart.yaml", sample)), fault.Invalid, "no Chart.yaml"},
		"no directory":       {pack(t, entry("Chart.yaml", sample)), fault.Invalid, "not in a directory"},
		"two":                {pack(t, good, good), fault.Invalid, "more than one Chart.yaml"},
		"two directories":    {pack(t, good, entry("other/Chart.yaml", sample)), fault.Invalid, "more than one Chart.yaml"},
		"a backslash":        {pack(t, good, entry(`x\Chart.yaml`, sample)), fault.Invalid, "an entry named"},
		"outside":            {pack(t, good, entry("../Chart.yaml", sample)), fault.Invalid, "an entry named"},
		"absolute":           {pack(t, good, entry("/x/Chart.yaml", sample)), fault.Invalid, "an entry named"},
		"unclean":            {pack(t, good, entry("./x/Chart.yaml", sample)), fault.Invalid, "an entry named"},
		"a link":             {pack(t, link), fault.Invalid, "no regular file"},
		"many entries":       {pack(t, many...), fault.TooLarge, "more than 200 entries"},
		"a bomb":             {pack(t, entry("image-config/x", strings.Repeat("\x00", archive.MaxInflated)), good), fault.TooLarge, "inflates to more"},
		"a bomb behind":      {gzipped(t, append(inflate(t, whole), make([]byte, archive.MaxInflated)...)), fault.TooLarge, "inflates to more"},
		"a large Chart.yaml": {pack(t, entry("a/Chart.yaml", sample+strings.Repeat("#", maxChartYAML))), fault.TooLarge, "Chart.yaml has more"},
		"a key twice":        {pack(t, entry("a/Chart.yaml", sample+"version: 1.0.1\n")), fault.Invalid, "its Chart.yaml: "},
		"no YAML":            {pack(t, entry("a/Chart.yaml", "\t{")), fault.Invalid, "its Chart.yaml: "},
		"a list":             {pack(t, entry("a/Chart.yaml", "[]")), fault.Invalid, "its Chart.yaml"},
		"an empty file":      {pack(t, entry("a/Chart.yaml", "")), fault.Invalid, "lacks a name or a version"},
		"no version":         {pack(t, entry("a/Chart.yaml", "name: a\n")), fault.Invalid, "lacks a name or a version"},
		"null maintainer":    {pack(t, entry("a/Chart.yaml", sample+"maintainers: [null]\n")), fault.Invalid, "an empty maintainer"},
		"null dependency":    {pack(t, entry("a/Chart.yaml", sample+"dependencies: [null]\n")), fault.Invalid, "an empty dependency"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readMetadata(c.archive)
			require.Equal(t, c.kind, fault.KindOf(err), "%v", err)
			require.ErrorContains(t, err, c.message)
		})
	}
}

func inflate(t *testing.T, data []byte) []byte {
	t.Helper()
	reader, err := gzip.NewReader(bytes.NewReader(data))
	require.NoError(t, err)
	var out bytes.Buffer
	_, err = out.ReadFrom(reader)
	require.NoError(t, err)
	return out.Bytes()
}

// The digest of a config blob depends on every field that Helm knows; a new one in
// Helm has to appear here (until then such charts cost a request more).
func TestMetadataIsHelms(t *testing.T) {
	same(t, reflect.TypeFor[chart.Metadata](), reflect.TypeFor[Metadata]())
	same(t, reflect.TypeFor[chart.Maintainer](), reflect.TypeFor[Maintainer]())
	same(t, reflect.TypeFor[chart.Dependency](), reflect.TypeFor[Dependency]())
}

func same(t *testing.T, helm, ours reflect.Type) {
	t.Helper()
	require.Equal(t, helm.NumField(), ours.NumField())
	for i := range helm.NumField() {
		want, got := helm.Field(i), ours.Field(i)
		require.Equal(t, want.Name, got.Name)
		require.Equal(t, want.Tag.Get("json"), got.Tag.Get("json"))
		require.Equal(t, want.Type.Kind(), got.Type.Kind())
	}
}

func FuzzReadMetadata(f *testing.F) {
	f.Add([]byte(sample))
	f.Fuzz(func(t *testing.T, text []byte) {
		meta, err := readMetadata(pack(t, entry("a/Chart.yaml", string(text))))
		if err == nil {
			require.NotEmpty(t, meta.Version)
			_, err = meta.configJSON()
			require.NoError(t, err)
		}
	})
}
