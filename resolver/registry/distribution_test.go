package registry

import (
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/registrytest"
)

// The registry that most others come from, with TLS and a password, pushed to
// and asked through one endpoint.
func TestAgainstDistribution(t *testing.T) {
	reg := registrytest.Start(t, registrytest.Options{TLS: true, User: login.Username, Password: login.Password})
	cfg := endpoint.Config{URL: reg.URL, CAFile: reg.CAFile}
	s := sourceAt(t, setup{cfg: cfg, ends: show(login)})

	repo, err := name.NewRepository(reg.Host + "/a/bookworm")
	require.NoError(t, err)
	img, err := random.Image(16, 1)
	require.NoError(t, err)
	digest, err := img.Digest()
	require.NoError(t, err)
	auth := remote.WithAuth(authn.FromConfig(authn.AuthConfig{Username: login.Username, Password: login.Password}))
	for _, tag := range []string{"latest", "1.0", "1.1"} {
		require.NoError(t, remote.Write(repo.Tag(tag), img, auth, remote.WithTransport(s.ep.Transport())))
	}

	asked := refs("a/bookworm:latest", "a/bookworm:none", "a/bookworm@"+digest.String(), "wheezy:latest")
	for range 2 {
		report := s.Ask(t.Context(), asked)
		require.NoError(t, report.Err)
		require.Equal(t, map[fact.Reference]fact.Manifest{
			asked[0]: {Status: fact.Present, Digest: digest.String()},
			asked[1]: {Status: fact.Absent},
			asked[2]: {Status: fact.Present, Digest: digest.String()},
			asked[3]: {Status: fact.Absent},
		}, report.Manifests)
		require.Equal(t, map[string]fact.Repository{
			"a/bookworm": {Status: fact.Present, Tags: []string{"1.0", "1.1", "latest"}},
			"wheezy":     {Status: fact.Absent},
		}, report.Repositories)
	}

	anonymous := sourceAt(t, setup{cfg: cfg})
	requireNothing(t, anonymous.Ask(t.Context(), asked), fault.Denied)
	wrong := sourceAt(t, setup{cfg: cfg, ends: show(endpoint.Credential{Username: "robot", Password: "guess"})})
	requireNothing(t, wrong.Ask(t.Context(), asked), fault.Denied)
	distrusting := sourceAt(t, setup{cfg: endpoint.Config{URL: reg.URL}, ends: show(login)})
	requireNothing(t, distrusting.Ask(t.Context(), asked), fault.Unreachable)
}
