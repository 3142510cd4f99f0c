package artifact_test

import (
	"io"
	"net/http"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/artifact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/registrytest"
)

// BenchmarkPull times a cold pull by tag beside two bare GETs of the same manifest
// and layer, from a registry that answers after 5 ms. The two take turns, so that
// whatever else the machine does hits both. The metric x-raw is the median of the
// pull divided by the median of the GETs; the bar is 1.02.
func BenchmarkPull(b *testing.B) {
	server := registrytest.InProcess(b)
	client := newClient(b, server.URL, artifact.Options{})
	done, err := client.Publish(b.Context(), catalog, artifact.Package{Archive: realSize(b)})
	require.NoError(b, err)
	server.Delay(5 * time.Millisecond)
	urls := []string{
		server.URL + "/v2/" + path + "/manifests/1.0.0",
		server.URL + "/v2/" + path + "/blobs/" + done.ArchiveDigest,
	}
	var pulls, raws []time.Duration
	for b.Loop() {
		raws = append(raws, timed(func() {
			for _, url := range urls {
				getRaw(b, url)
			}
		}))
		pulls = append(pulls, timed(func() {
			_, err := client.Pull(b.Context(), catalog, version("1.0.0"))
			require.NoError(b, err)
		}))
	}
	b.ReportMetric(float64(median(pulls))/float64(median(raws)), "x-raw")
	b.ReportMetric(float64(median(pulls).Microseconds()), "pull-µs")
	b.ReportMetric(float64(median(raws).Microseconds()), "raw-µs")
}

// realSize is an archive with the real catalog's values.
func realSize(b *testing.B) []byte {
	b.Helper()
	values, err := os.ReadFile("../../testdata/catalogs/images-v1.yaml")
	require.NoError(b, err)
	return archiveOf(b, map[string]string{
		"image-config/Chart.yaml":  "apiVersion: v2\nname: image-config\nversion: 1.0.0\ndescription: What the images mean.\ntype: application\n",
		"image-config/values.yaml": string(values),
	})
}

// BenchmarkUnchanged times the poll that finds nothing new.
func BenchmarkUnchanged(b *testing.B) {
	server := registrytest.InProcess(b)
	client := newClient(b, server.URL, artifact.Options{})
	done := publish(b, client, "1.0.0")
	server.Forget()
	b.ReportAllocs()
	for b.Loop() {
		_, changed, err := client.PullIfChanged(b.Context(), catalog, version("1.0.0"), done.Digest)
		require.NoError(b, err)
		require.False(b, changed)
	}
	b.ReportMetric(float64(len(server.Requests()))/float64(b.N), "requests/op")
}

func timed(do func()) time.Duration {
	start := time.Now()
	do()
	return time.Since(start)
}

func getRaw(b *testing.B, url string) {
	b.Helper()
	req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, url, nil)
	require.NoError(b, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(b, err)
	_, err = io.Copy(io.Discard, resp.Body)
	require.NoError(b, err)
	require.NoError(b, resp.Body.Close())
}

func median(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}
