package reference_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/reference"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/schemas"
)

var (
	sha256 = "sha256:" + strings.Repeat("0a", 32)
	sha512 = "sha512:" + strings.Repeat("0a", 64)
)

func TestParse(t *testing.T) {
	for text, want := range map[string]reference.Reference{
		"registry.example/a":                   {Host: "registry.example", Path: "a"},
		"registry.example/a/b/c":               {Host: "registry.example", Path: "a/b/c"},
		"registry.example/a:v1":                {Host: "registry.example", Path: "a", Tag: "v1"},
		"registry.example/a:V_1.0-x":           {Host: "registry.example", Path: "a", Tag: "V_1.0-x"},
		"registry.example:5000/a:v1":           {Host: "registry.example:5000", Path: "a", Tag: "v1"},
		"registry:5000/a":                      {Host: "registry:5000", Path: "a"},
		"localhost/a":                          {Host: "localhost", Path: "a"},
		"localhost:5000/a":                     {Host: "localhost:5000", Path: "a"},
		"127.0.0.1:5000/a":                     {Host: "127.0.0.1:5000", Path: "a"},
		"[::1]/a":                              {Host: "[::1]", Path: "a"},
		"[2001:db8::1]:5000/a:v1":              {Host: "[2001:db8::1]:5000", Path: "a", Tag: "v1"},
		"REGISTRY.example/a":                   {Host: "REGISTRY.example", Path: "a"},
		"registry.example/a@" + sha256:         {Host: "registry.example", Path: "a", Digest: sha256},
		"registry.example/a@" + sha512:         {Host: "registry.example", Path: "a", Digest: sha512},
		"registry.example/a:v1@" + sha256:      {Host: "registry.example", Path: "a", Tag: "v1", Digest: sha256},
		"registry.example/a__b--c.d_e/f":       {Host: "registry.example", Path: "a__b--c.d_e/f"},
		"registry.example/tool-x-char.sep-y/z": {Host: "registry.example", Path: "tool-x-char.sep-y/z"},
		"registry.example:65535/a":             {Host: "registry.example:65535", Path: "a"},
		"registry.example/localhost/a:latest":  {Host: "registry.example", Path: "localhost/a", Tag: "latest"},
	} {
		got, err := reference.Parse(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
		require.Equal(t, text, got.String())
	}
}

func TestParseSaysHowToMendIt(t *testing.T) {
	for text, words := range map[string]string{
		"":                              "the reference is empty: write host/path",
		"registry.example/my image":     "holds white space: remove it",
		" registry.example/a":           "holds white space",
		"registry.example/a\n":          "holds white space",
		"https://registry.example/a":    `begins with a scheme: remove "https://"`,
		"oci://registry.example/a":      `begins with a scheme: remove "oci://"`,
		"docker://registry.example/a":   `remove "docker://"`,
		"registry.example/A":            "the path of a repository is lower case",
		"node20":                        "names no registry host: write it as host/path, for example registry.example/node20",
		"toolforge/node20":              "names no registry host",
		"LOCALHOST/a":                   "names no registry host",
		"registry.example":              "names no registry host",
		"registry.example:5000":         "names no registry host",
		"registry.example/":             "write host/path, host/path:tag or host/path@sha256:…",
		"/a":                            "write host/path",
		"registry.example//a":           "write host/path",
		"registry.example/a:":           "write host/path",
		"registry.example/a:v1:v2":      "write host/path",
		"registry.example/a@":           "write host/path",
		"registry.example/a@sha256:123": "write host/path",
		"registry.example/a:" + strings.Repeat("x", 129):        "write host/path",
		"registry.example/a@sha384:" + strings.Repeat("0a", 48): "a digest of kind sha384: registries know sha256 and sha512",
		"registry.example/a@md5:" + strings.Repeat("0a", 16):    "unsupported digest",
		"registry.example/a@sha256:" + strings.Repeat("0A", 32): "invalid checksum digest format",
		"registry.example/a@" + sha256 + "@" + sha256:           "write host/path",
		sha256:                      "names no registry host",
		strings.Repeat("0a", 32):    "names no registry host",
		"registry.example:0/a":      "names port 0: ports are 1 to 65535",
		"registry.example:65536/a":  "names port 65536",
		"registry.example:000080/a": "names port 000080",
		"[::1]:99999/a":             "names port 99999",
		"::1/a":                     "write host/path",
		"registry.example/-a":       "write host/path",
		"registry.example/a..b":     "write host/path",
		"registry.example/é":        "write host/path",
		"registry.example/" + strings.Repeat("a", 256): "must not be more than 255 characters",
		"user:password@registry.example/a":             "",
	} {
		got, err := reference.Parse(text)
		require.ErrorContains(t, err, words, text)
		require.Zero(t, got)
	}
}

func TestDefaultsAndPins(t *testing.T) {
	for text, want := range map[string][2]string{
		"registry.example/a":              {"registry.example/a:latest", "registry.example/a@" + sha256},
		"registry.example/a:v1":           {"registry.example/a:v1", "registry.example/a:v1@" + sha256},
		"registry.example/a@" + sha512:    {"registry.example/a@" + sha512, "registry.example/a@" + sha256},
		"registry.example/a:v1@" + sha512: {"registry.example/a:v1@" + sha512, "registry.example/a:v1@" + sha256},
	} {
		r, err := reference.Parse(text)
		require.NoError(t, err)
		require.Equal(t, want, [2]string{r.WithDefaultTag().String(), r.Pinned(sha256)})
		require.Equal(t, text, r.String(), "the reference itself is unchanged")
	}
}

// schemaPattern is the form that values.schema.json asks of a reference, with
// which Helm refuses it.
func schemaPattern(t testing.TB) *regexp.Regexp {
	var schema struct {
		Definitions map[string]struct{ Pattern string }
	}
	require.NoError(t, json.Unmarshal(schemas.ValuesSchema(), &schema))
	return regexp.MustCompile(schema.Definitions["reference"].Pattern)
}

// FuzzParse holds that what is read is written back as it was, and that Helm
// never refuses a reference that Bayplan takes.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"registry.example/a", "localhost:5000/a/b:v1", "[::1]:80/a", "node20", "https://a.b/c", "a.b/c:d@" + sha256, "a.b/c@" + sha512, "A.b:1/c__d--e.f", "a.b/c:d:e",
	} {
		f.Add(seed)
	}
	pattern := schemaPattern(f)
	f.Fuzz(func(t *testing.T, text string) {
		r, err := reference.Parse(text)
		if err != nil {
			require.Zero(t, r)
			return
		}
		require.Equal(t, text, r.String())
		require.Regexp(t, pattern, text)
		tagged := r.WithDefaultTag()
		require.True(t, tagged.Tag != "" || tagged.Digest != "")
		again, err := reference.Parse(tagged.String())
		require.NoError(t, err)
		require.Equal(t, tagged, again)
		pinned, err := reference.Parse(r.Pinned(sha256))
		require.NoError(t, err)
		require.Equal(t, sha256, pinned.Digest)
	})
}
