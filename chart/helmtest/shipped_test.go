package helmtest

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// environmentValues is what a deployer's helmfile hands to every chart: the
// values of the whole environment.
const environmentValues = `
chartVersion: 0.0.28-20260722001336-ea583302
chartRepository: tools
global:
  domain: example.org
somethingElse:
  nobody: [knows, 1, true]
replicas: 2
`

func TestShippedChartLintsWithoutAWord(t *testing.T) {
	eachHelm(t, func(t *testing.T, h helm) {
		out := h.ok(t, "lint", "--strict", chartPath(t))
		require.NotContains(t, out.all(), "[", "a finding, even an INFO: %s", out.all())
	})
}

func TestShippedChartTakesAnEnvironmentsValues(t *testing.T) {
	values := filepath.Join(t.TempDir(), "environment.yaml")
	require.NoError(t, os.WriteFile(values, []byte(environmentValues), 0o600))
	eachHelm(t, func(t *testing.T, h helm) {
		h.ok(t, "lint", "--strict", "-f", values, chartPath(t))
		plain := h.ok(t, "template", "image-config", chartPath(t), "--namespace", "tf-public")
		passed := h.ok(t, "template", "image-config", chartPath(t), "--namespace", "tf-public", "-f", values)
		require.Equal(t, plain.stdout, passed.stdout)
	})
}

func TestRenderedConfigMapStandsInTheNamespaceOfTheRelease(t *testing.T) {
	eachHelm(t, func(t *testing.T, h helm) {
		out := h.ok(t, "template", "some-release", chartPath(t), "--namespace", "tf-public")
		metadata := rendered(t, out.stdout).Metadata
		require.Equal(t, "tf-public", metadata.Namespace)
		require.Equal(t, map[string]string{
			"app.kubernetes.io/name":       "image-config",
			"app.kubernetes.io/managed-by": "Helm",
			"helm.sh/chart":                "image-config-0.0.0-sample.1",
		}, metadata.Labels)
	})
}

func TestBothHelmsRenderTheSameBytes(t *testing.T) {
	outputs := map[string]string{}
	eachHelm(t, func(t *testing.T, h helm) {
		outputs[h.name] = catalogOf(t, h, chartPath(t))
		require.Equal(t, outputs[h.name], catalogOf(t, h, chartPath(t)), "two renders differ")
	})
	if len(outputs) == 2 {
		require.Equal(t, outputs["helm3"], outputs["helm4"])
	}
}

func TestPackageHoldsTheChartAndNothingElse(t *testing.T) {
	chart := chartWith(t, readFile(t, chartFolder, "values.yaml"))
	for _, litter := range []string{".DS_Store", "values.yaml~", ".values.yaml.swp", "image-config-0.0.1.tgz", "values.yaml.orig"} {
		require.NoError(t, os.WriteFile(filepath.Join(chart, litter), []byte("litter"), 0o600))
	}
	eachHelm(t, func(t *testing.T, h helm) {
		folder := t.TempDir()
		h.ok(t, "package", chart, "--destination", folder)
		archive := filepath.Join(folder, "image-config-0.0.0-sample.1.tgz")
		require.ElementsMatch(t, []string{
			"image-config/.helmignore",
			"image-config/Chart.yaml",
			"image-config/README.md",
			"image-config/templates/NOTES.txt",
			"image-config/templates/configmap.yaml",
			"image-config/values.schema.json",
			"image-config/values.yaml",
		}, entries(t, archive))
		require.Equal(t, catalogOf(t, h, chartPath(t)), catalogOf(t, h, archive))
	})
}

func TestPackageTakesTodaysBuildVersions(t *testing.T) {
	const version = "0.0.28-20260722001336-ea583302"
	eachHelm(t, func(t *testing.T, h helm) {
		folder := t.TempDir()
		h.ok(t, "package", chartPath(t), "--version", version, "--destination", folder)
		out := h.ok(t, "template", "image-config", filepath.Join(folder, "image-config-"+version+".tgz"))
		require.Equal(t, "image-config-"+version, rendered(t, out.stdout).Metadata.Labels["helm.sh/chart"])
	})
}

// A label may have 63 characters, none of them a plus, and ends in a letter or a
// digit; a SemVer version may break each of these.
func TestLongVersionsStillGiveAValidLabel(t *testing.T) {
	// The 63rd character of the uncut label is the hyphen.
	const version = "1.0.0-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-bbbb+build.1"
	eachHelm(t, func(t *testing.T, h helm) {
		folder := t.TempDir()
		h.ok(t, "package", chartPath(t), "--version", version, "--destination", folder)
		out := h.ok(t, "template", "image-config", filepath.Join(folder, "image-config-"+version+".tgz"))
		require.Equal(t, "image-config-1.0.0-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
			rendered(t, out.stdout).Metadata.Labels["helm.sh/chart"])
	})
}

// entries lists the regular files of a packaged chart.
func entries(t *testing.T, archive string) []string {
	t.Helper()
	file, err := os.Open(archive)
	require.NoError(t, err)
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	require.NoError(t, err)
	reader := tar.NewReader(unzipped)
	var names []string
	for {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return names
		}
		require.NoError(t, err)
		names = append(names, header.Name)
	}
}
