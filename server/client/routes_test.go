package client_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/client"
)

func shortNames(list api.List[api.Image]) []string {
	var out []string
	for _, image := range list {
		out = append(out, image.ShortName)
	}
	return out
}

func TestList(t *testing.T) {
	p := startPlatform(t)
	c, _ := p.ask(t, client.Options{UserAgent: "a-consumer/1"})
	all, err := c.List(t.Context(), client.Query{})
	require.NoError(t, err)
	require.Equal(t, []string{"a/b", "bookworm", "node18", "node20", "tool-alpha/alpha:latest"}, shortNames(all.Body.Images))
	require.False(t, all.Stale())
	require.Zero(t, all.Age)
	require.False(t, all.ConfirmedAt.IsZero())
	require.Equal(t, "js", all.Body.Images[3].Variants["webservice"].Extra["wstype"])
	request := p.requests()[0]
	require.Equal(t, "a-consumer/1", request.UserAgent())
	require.Empty(t, request.Header.Get("X-Toolforge-Tool"))

	some, err := c.List(t.Context(), client.Query{
		Type: []string{"standard"}, State: []string{"stable", "deprecated"}, Text: []string{"node"}, Exists: []string{"true"},
		Fields: []string{"state"}, Sort: "-short_name",
	})
	require.NoError(t, err)
	require.Equal(t, []string{"node20", "node18"}, shortNames(some.Body.Images))
	require.Empty(t, some.Body.Images[0].Image, "a field that was not asked for")

	for name, q := range map[string]client.Query{
		"variant": {Variant: []string{"webservice"}},
		"name":    {Name: []string{"node20"}},
	} {
		one, err := c.List(t.Context(), q)
		require.NoError(t, err, name)
		require.Equal(t, []string{"node20"}, shortNames(one.Body.Images), name)
	}
	built, err := c.List(t.Context(), client.Query{Tool: []string{"alpha"}, StackState: []string{"deprecated"}})
	require.NoError(t, err)
	require.Empty(t, built.Body.Images)
	require.NotNil(t, built.Body.Images, "none is not unknown")
}

func TestAnotherVersion(t *testing.T) {
	p := startPlatform(t)
	c, _ := p.ask(t, client.Options{})
	said, err := c.List(t.Context(), client.Query{Version: "1.2.3"})
	require.NoError(t, err)
	require.Equal(t, []string{"a/b", "bookworm", "node18", "node20"}, shortNames(said.Body.Images))
	require.Nil(t, said.Body.Images[0].Exists, "nobody asked a registry")
	refusal := errorOf(t, second(c.List(t.Context(), client.Query{Version: "9.9.9"})))
	require.Equal(t, api.CodeVersionNotFound, refusal.Body.Code)
	require.NotErrorIs(t, refusal, client.ErrNotThere, "a version is no image")
}

func TestToolImages(t *testing.T) {
	p := startPlatform(t)
	c, _ := p.ask(t, client.Options{})
	mine, err := c.ToolImages(t.Context(), "gamma", client.Query{Type: []string{"buildservice"}})
	require.NoError(t, err)
	require.Equal(t, []string{"tool-gamma/gamma:latest"}, shortNames(mine.Body.Images))
	require.Equal(t, "gamma", p.requests()[0].Header.Get("X-Toolforge-Tool"))

	p.push(t, "tool-gamma", true, "new:latest")
	fresh, err := c.ToolImages(t.Context(), "gamma", client.Query{Type: []string{"buildservice"}, Fresh: true})
	require.NoError(t, err)
	require.Contains(t, shortNames(fresh.Body.Images), "tool-gamma/new:latest", "built a second ago")

	_, err = c.ToolImages(t.Context(), "", client.Query{})
	require.Error(t, err)
	refusal := errorOf(t, second(c.ToolImages(t.Context(), "No Tool", client.Query{})))
	require.Equal(t, http.StatusBadRequest, refusal.Status)
	require.NotErrorIs(t, refusal, client.ErrNotThere)
}

func TestImage(t *testing.T) {
	p := startPlatform(t)
	c, _ := p.ask(t, client.Options{})
	for name, want := range map[string]string{
		"bookworm": "bookworm", "deb12": "bookworm", "a/b": "a/b", "tool-alpha/alpha:latest": "tool-alpha/alpha:latest",
	} {
		got, err := c.Image(t.Context(), name)
		require.NoError(t, err, name)
		require.Equal(t, want, got.Body.Image.ShortName)
	}
	_, err := c.Image(t.Context(), "")
	require.Error(t, err)
	require.NotErrorIs(t, err, client.ErrCouldNotAsk)
}

// Whatever a name looks like, it is a name and never another route.
func TestOddNamesAreNames(t *testing.T) {
	p := startPlatform(t)
	c, _ := p.ask(t, client.Options{})
	for _, name := range []string{".", "..", "../catalog", "a/../b", "a//b", "?x=1", "#", "%2e", "x y", "ü", "a\nb"} {
		refusal := errorOf(t, second(c.Image(t.Context(), name)))
		require.ErrorIs(t, refusal, client.ErrNotThere, "%q", name)
		require.Equal(t, http.StatusNotFound, refusal.Status)
	}
}

func TestCatalogAndImageConfig(t *testing.T) {
	p := startPlatform(t)
	c, _ := p.ask(t, client.Options{})
	catalog, err := c.Catalog(t.Context())
	require.NoError(t, err)
	require.Equal(t, "1.2.3", catalog.Body.Catalog.Version)
	require.Equal(t, 4, catalog.Body.Catalog.ImageCount)

	legacy, err := c.ImageConfig(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"deb12"}, legacy.Body["bookworm"].Aliases)
	require.Equal(t, client.LegacyVariant{Image: "one.test/node20-web", Extra: map[string]any{"wstype": "js"}}, legacy.Body["node20"].Variants["webservice"])
	require.EqualValues(t, '{', legacy.Raw[0])
}
