package server_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// A standard image that Harbor keeps is known from the rounds about users'
// images: an answer on demand waits for both.
func TestOnDemandAboutAStandardImageInHarbor(t *testing.T) {
	for _, path := range []string{"/v1/images/x", "/v1/images?name=x"} {
		t.Run(path, func(t *testing.T) {
			d := newDock(t)
			d.harbor.AddProject("pre-built", harbortest.Public)
			first, err := d.harbor.Push("pre-built/x", "latest", harbortest.Profile{})
			require.NoError(t, err)
			d.serve(t, "formatVersion: \"1.0\"\nimages: {x: {state: stable, image: harbor.test/pre-built/x}}\n", nil)
			d.ask(t)
			digest := func() string {
				return into[api.ImageAnswer](d.get(t, "/v1/images/x"), http.StatusOK).Image.Digest
			}
			require.Equal(t, first, digest())
			second, err := d.harbor.Push("pre-built/x", "latest", harbortest.Profile{})
			require.NoError(t, err)
			require.Contains(t, string(d.get(t, path, "Cache-Control", noCache).body), second)
			require.Equal(t, second, digest())
		})
	}
}
