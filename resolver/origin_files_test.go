package resolver_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/legacy"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// document is a legacy document with one image.
func document(name string) string {
	return name + ":\n  state: stable\n  image: a.example/" + name + "\n"
}

// manifest is a ConfigMap that holds a document, of a chart in some version.
func manifest(version, document string) string {
	return "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: image-config\n  labels: {helm.sh/chart: image-config-" + version + "}\ndata:\n  images-v1.yaml: |\n    " +
		strings.ReplaceAll(document, "\n", "\n    ") + "\n"
}

func TestALegacyFileIsFollowedAsItIsEdited(t *testing.T) {
	dir := folder(t.TempDir())
	path := filepath.Join(string(dir), "images-v1.yaml")
	dir.write(t, "images-v1.yaml", document("one"))
	r := start(t, resolver.FromLegacyFile(path), everywhere(present("sha256:a")), resolver.Options{})
	require.NoError(t, r.Refresh(t.Context()))
	served := r.Status().Served
	require.Equal(t, resolver.OriginFile, served.Offer.Kind)
	require.Equal(t, chart.Name, served.Chart.Metadata.Name)
	require.Empty(t, served.Chart.Metadata.Version, "the text alone says none")
	good := r.Snapshot()
	require.NotNil(t, good.Image("one"))

	require.NoError(t, r.Refresh(t.Context()))
	require.Same(t, good, r.Snapshot(), "nothing was edited")

	dir.write(t, "images-v1.yaml", manifest("0.0.28", document("one")+document("two")))
	require.NoError(t, r.Refresh(t.Context()))
	require.Equal(t, "0.0.28", r.Status().Served.Chart.Metadata.Version)
	good = r.Snapshot()
	require.NotNil(t, good.Image("two"))

	dir.write(t, "images-v1.yaml", manifest("0.0.29", "one: {state: on, image: a.example/one}"))
	require.NoError(t, r.Refresh(t.Context()))
	require.Same(t, good, r.Snapshot())
	require.ErrorContains(t, r.Status().Refused.Err, "images-v1.yaml!images-v1.yaml:1:14: error: images.one.state: on is read as a boolean by some readers")

	require.NoError(t, os.Remove(path))
	require.NoError(t, r.Refresh(t.Context()))
	require.Same(t, good, r.Snapshot())
	require.Contains(t, r.Status().Warnings, "version 0.0.28 is no longer where it was published: it stays served")
}

func TestWithoutAVersionTheWarningsNameNone(t *testing.T) {
	for want, spoil := range map[string]func(t *testing.T, path string){
		"the catalog is no longer where it was published: it stays served": func(t *testing.T, path string) {
			require.NoError(t, os.Remove(path))
		},
		"the catalog's origin holds something that cannot be used: the last good one stays served": func(t *testing.T, path string) {
			require.NoError(t, os.WriteFile(path, make([]byte, legacy.MaxBytes+1), 0o600))
		},
	} {
		path := filepath.Join(t.TempDir(), "images-v1.yaml")
		require.NoError(t, os.WriteFile(path, []byte(document("one")), 0o600))
		r := start(t, resolver.FromLegacyFile(path), everywhere(present("sha256:a")), resolver.Options{})
		require.NoError(t, r.Refresh(t.Context()))
		spoil(t, path)
		require.NoError(t, r.Refresh(t.Context()))
		require.Equal(t, []string{want}, r.Status().Warnings)
		require.NotNil(t, r.Snapshot().Image("one"))
	}
}

func TestWhatIsNoLegacyFileHasAKind(t *testing.T) {
	dir := folder(t.TempDir())
	for _, c := range []struct {
		name, text string
		kind       fault.Kind
	}{
		{"nowhere", "", fault.NotFound},
		{"secret.yaml", "apiVersion: v1\nkind: Secret\n", fault.NotFound},
		{"large.yaml", strings.Repeat("#", legacy.MaxBytes+1), fault.TooLarge},
		{"twice.yaml", manifest("1.0.0", document("a")) + "---\n" + manifest("1.0.0", document("a")), fault.Invalid},
	} {
		if c.text != "" {
			dir.write(t, c.name, c.text)
		}
		_, err := resolver.FromLegacyFile(filepath.Join(string(dir), c.name)).Fetch(t.Context(), "")
		require.True(t, fault.Is(err, c.kind), "%s: %v", c.name, err)
	}
}
