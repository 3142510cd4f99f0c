package artifact_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"regexp"

	"github.com/google/go-containerregistry/pkg/registry"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/artifact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
)

// A chart is published, chosen by a constraint, pulled, and then watched.
func Example() {
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	hosts, err := endpoint.New(map[string]endpoint.Config{"registry.example": {URL: server.URL}}, endpoint.Options{})
	must(err)
	client := artifact.New(hosts, artifact.Options{})
	ref, err := artifact.ParseReference("oci://registry.example/toolforge/image-config")
	must(err)
	ctx := context.Background()

	for _, version := range []string{"0.0.28-20260722001336-ea583302", "0.0.29-dev-mr-7"} {
		_, err := client.Publish(ctx, ref, artifact.Package{Archive: tinyChart(version)})
		must(err)
	}
	newest := artifact.Selection{
		Constraint:  ">=0.0.1",
		PreReleases: regexp.MustCompile(`^0\.0\.\d+-\d{14}-[0-9a-f]{8}$`),
	}
	chart, err := client.Pull(ctx, ref, newest)
	must(err)
	fmt.Println(chart.Metadata.Name, chart.Version)

	_, changed, err := client.PullIfChanged(ctx, ref, newest, chart.Digest)
	fmt.Println("changed:", changed, err)
	// Output:
	// image-config 0.0.28-20260722001336-ea583302
	// changed: false <nil>
}

func ExampleParseReference() {
	ref, err := artifact.ParseReference("oci://registry.example/toolforge/image-config:1.0.0_build.5")
	fmt.Println(ref.Name(), ref.Version, err)
	_, err = artifact.ParseReference("https://registry.example/toolforge/image-config")
	fmt.Println(err)
	// Output:
	// image-config 1.0.0+build.5 <nil>
	// read reference: https://registry.example/toolforge/image-config: its scheme is "https://"
}

// tinyChart is an archive with a Chart.yaml and nothing else.
func tinyChart(version string) []byte {
	text := "apiVersion: v2\nname: image-config\nversion: " + version + "\n"
	var packed bytes.Buffer
	squeeze := gzip.NewWriter(&packed)
	files := tar.NewWriter(squeeze)
	must(files.WriteHeader(&tar.Header{Name: "image-config/Chart.yaml", Mode: 0o644, Size: int64(len(text))}))
	_, err := io.WriteString(files, text)
	must(err)
	must(files.Close())
	must(squeeze.Close())
	return packed.Bytes()
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
