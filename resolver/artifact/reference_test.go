package artifact_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/artifact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

var someDigest = "sha256:" + strings.Repeat("ab", 32)

func TestParseReference(t *testing.T) {
	for text, want := range map[string]artifact.Reference{
		"oci://registry.example/toolforge/image-config":                   {Host: "registry.example", Path: "toolforge/image-config"},
		"oci://registry.example/image-config:1.2.3":                       {Host: "registry.example", Path: "image-config", Version: "1.2.3"},
		"oci://localhost:5000/a/b:1.0.0_build.5":                          {Host: "localhost:5000", Path: "a/b", Version: "1.0.0+build.5"},
		"oci://localhost:5000/a/b:1.0.0+build.5":                          {Host: "localhost:5000", Path: "a/b", Version: "1.0.0+build.5"},
		"oci://r.example/a/image-config:0.0.28-20260722001336-ea583302":   {Host: "r.example", Path: "a/image-config", Version: "0.0.28-20260722001336-ea583302"},
		"oci://r.example/a/image-config@" + someDigest:                    {Host: "r.example", Path: "a/image-config", Digest: someDigest},
		"oci://r.example/a/image-config:stable@" + someDigest:             {Host: "r.example", Path: "a/image-config", Version: "stable", Digest: someDigest},
		"oci://tools-harbor.wmcloud.org/tool-a-char.sep-b/image-config:1": {Host: "tools-harbor.wmcloud.org", Path: "tool-a-char.sep-b/image-config", Version: "1"},
	} {
		ref, err := artifact.ParseReference(text)
		require.NoError(t, err, text)
		require.Equal(t, want, ref)
		again, err := artifact.ParseReference(ref.String())
		require.NoError(t, err, text)
		require.Equal(t, ref, again)
	}
}

func TestParseReferenceSaysHowToRepair(t *testing.T) {
	for name, c := range map[string]struct{ text, message, hint string }{
		"empty":            {"", "it is empty", "write oci://host/path/image-config"},
		"no scheme":        {"r.example/a/b:1.0.0", "does not begin with oci://", "write oci://r.example/a/b:1.0.0"},
		"https":            {"https://r.example/a/b", `its scheme is "https://"`, "write oci://r.example/a/b"},
		"no path":          {"oci://r.example", "it names a registry but no chart", "oci://r.example/path/image-config"},
		"slash only":       {"oci://r.example/", "it names a registry but no chart", "whole path"},
		"no host":          {"oci:///a/b", "no host name", "oci://host"},
		"constraint":       {"oci://r.example/a/b:>=1.0", "is a constraint", "a setting of its own"},
		"caret":            {"oci://r.example/a/b:^1.0", "is a constraint", "a setting of its own"},
		"star":             {"oci://r.example/a/b:*", "is a constraint", "a setting of its own"},
		"empty version":    {"oci://r.example/a/b:", "the version is empty", "leave the colon out"},
		"bad version":      {"oci://r.example/a/b:-x", "neither a version nor a tag", "SemVer"},
		"space":            {"oci://r.example/a/b:1.0 ", "a character that no reference has", "without spaces"},
		"query":            {"oci://r.example/a/b?x=1", "a character that no reference has", "without spaces"},
		"upper case":       {"oci://r.example/A/b", "no path in a registry", "lower-case"},
		"short digest":     {"oci://r.example/a/b@sha256:abc", "is no digest", "64 hexadecimal"},
		"empty digest":     {"oci://r.example/a/b@", "is no digest", "64 hexadecimal"},
		"other algorithm":  {"oci://r.example/a/b@sha512:" + strings.Repeat("a", 128), "only sha256", "64 hexadecimal"},
		"password":         {"oci://ann:s3cret@r.example/a/b", "credentials do not belong", "docker login"},
		"password, https":  {"https://ann:s3cret@r.example/a/b", "its scheme", "write oci://r.example/a/b"},
		"password, naked":  {"ann:s3cret@r.example/a/b", "does not begin", "write oci://r.example/a/b"},
		"control":          {"oci://r.example/a/\x1bb", "no path in a registry", "lower-case"},
		"endless":          {"oci://r.example/" + strings.Repeat("A", 10000), "no path in a registry", "lower-case"},
		"trailing slashes": {"oci://r.example/a//", "no path in a registry", "lower-case"},
	} {
		t.Run(name, func(t *testing.T) {
			ref, err := artifact.ParseReference(c.text)
			require.Equal(t, fault.Usage, fault.KindOf(err))
			require.ErrorContains(t, err, c.message)
			require.Contains(t, fault.HintOf(err), c.hint)
			require.NotContains(t, err.Error()+fault.HintOf(err), "s3cret")
			require.NotContains(t, err.Error(), "\x1b")
			require.Less(t, len(err.Error()), 20000)
			require.Zero(t, ref)
		})
	}
}

func TestReferenceAsText(t *testing.T) {
	var got struct{ Chart artifact.Reference }
	require.NoError(t, json.Unmarshal([]byte(`{"chart": "oci://r.example/a/b:1.0.0"}`), &got))
	require.Equal(t, "b", got.Chart.Name())
	text, err := json.Marshal(got)
	require.NoError(t, err)
	require.JSONEq(t, `{"Chart": "oci://r.example/a/b:1.0.0"}`, string(text))
	require.ErrorContains(t, json.Unmarshal([]byte(`{"chart": "b:1.0.0"}`), &got), "oci://")
	require.Equal(t, "", artifact.Reference{}.String())
}

func FuzzParseReference(f *testing.F) {
	f.Add("oci://r.example/a/b:1.0.0+x@" + someDigest)
	f.Add("oci://u:p@r.example/a")
	f.Fuzz(func(t *testing.T, text string) {
		ref, err := artifact.ParseReference(text)
		if err != nil {
			require.Equal(t, fault.Usage, fault.KindOf(err))
			return
		}
		again, err := artifact.ParseReference(ref.String())
		require.NoError(t, err)
		require.Equal(t, ref, again)
	})
}
