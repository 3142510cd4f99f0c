package demo_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/crane"
	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/cmd/bayplan/demo"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/artifact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/registry"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
)

func startDemo(t *testing.T) *demo.Demo {
	t.Helper()
	d, err := demo.Start(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, d.Close()) })
	return d
}

// look makes a snapshot of a demo, as a server would.
func look(t *testing.T, d *demo.Demo) *snapshot.Snapshot {
	t.Helper()
	hosts, err := endpoint.New(d.Registries, endpoint.Options{})
	require.NoError(t, err)
	origin := resolver.FromRepository(artifact.New(hosts, artifact.Options{}), d.Catalog, artifact.Selection{}, resolver.Trust{})
	r := resolver.New(origin, func(host string) resolver.Live {
		return registry.New(hosts.For(host), registry.Options{})
	}, resolver.Options{})
	defer r.Close()
	require.NoError(t, r.Refresh(t.Context()))
	return r.Snapshot()
}

// What Bayplan says of the demo is what another program finds there.
func TestAnswersAreWhatTheRegistriesHold(t *testing.T) {
	d := startDemo(t)
	s := look(t, d)
	require.Len(t, s.Images, 41)
	require.Empty(t, s.Warnings)
	var missing []string
	digests := map[string]string{}
	for _, image := range s.Images {
		if image.Exists == fact.Absent {
			missing = append(missing, image.ShortName)
			continue
		}
		require.Equal(t, fact.Present, image.Exists, image.ShortName)
		address := strings.TrimPrefix(d.Address(image.Reference.Host), "http://")
		held, err := crane.Digest(address+"/"+image.Reference.Path+":"+image.Reference.Tag, crane.Insecure)
		require.NoError(t, err)
		require.Equal(t, held, image.Digest, image.ShortName)
		require.NotContains(t, digests, held, "each image is another one")
		digests[held] = image.ShortName
	}
	require.Equal(t, d.Missing, missing)
	require.Equal(t, fact.Absent, s.Image("python3.13").Variant(chart.VariantWebservice).Exists)
	require.Equal(t, chart.StateDeprecated, s.Image("jdk8").State, "one that is missing is deprecated too")
}

// Two demos are the same but for their addresses: what people write down about
// one holds for the next.
func TestTheSameEachTime(t *testing.T) {
	one, two := look(t, startDemo(t)), look(t, startDemo(t))
	for i, image := range one.Images {
		require.Equal(t, image.Digest, two.Images[i].Digest, image.ShortName)
	}
}

// The images are such as other tools can read: a layer of files and a platform.
func TestImagesAreReadable(t *testing.T) {
	d := startDemo(t)
	for host := range d.Registries {
		if !strings.HasPrefix(host, "docker-registry.") {
			continue
		}
		address := strings.TrimPrefix(d.Address(host), "http://")
		repositories, err := crane.Catalog(address, crane.Insecure)
		require.NoError(t, err)
		require.NotEmpty(t, repositories)
		image, err := crane.Pull(address+"/"+repositories[0]+":latest", crane.Insecure)
		require.NoError(t, err)
		config, err := image.ConfigFile()
		require.NoError(t, err)
		require.Equal(t, "linux/amd64", config.OS+"/"+config.Architecture)
		var files strings.Builder
		require.NoError(t, crane.Export(image, &files))
		require.Contains(t, files.String(), "This stands for "+repositories[0])
	}
}

func TestCloseEndsTheRegistries(t *testing.T) {
	d, err := demo.Start(t.Context())
	require.NoError(t, err)
	require.NoError(t, d.Close())
	response, err := http.Get("http://" + d.Catalog.Host + "/v2/")
	if err == nil {
		require.NoError(t, response.Body.Close())
	}
	require.Error(t, err)
}

func TestStartEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := demo.Start(ctx)
	require.ErrorIs(t, err, context.Canceled)
}

func ExampleStart() {
	d, err := demo.Start(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = d.Close() }() // nothing is lost
	fmt.Println(d.Catalog.Path, d.Catalog.Version)
	var hosts []string
	for host := range d.Registries {
		if host != d.Catalog.Host {
			hosts = append(hosts, host)
		}
	}
	slices.Sort(hosts)
	fmt.Println(hosts)
	fmt.Println("without:", d.Missing)
	// Output:
	// toolforge/image-config 0.0.0-sample.1
	// [docker-registry.svc.toolforge.org docker-registry.tools.wmflabs.org tools-harbor.wmcloud.org]
	// without: [jdk8 mono6.12]
}
