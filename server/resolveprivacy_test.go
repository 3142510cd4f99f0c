package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// Another tool's private image is answered exactly as one that is not there.
func TestAPrivateImageIsSpelledInVain(t *testing.T) {
	p := startSpelled(t, setup{})
	digest := digestIn(t, p.harbor, "tool-hidden/vault", "v7")
	for _, rest := range []string{"/vault:v7", "/vault", "/vault:v8", "/vault@" + digest, "/vault:v7@" + digest, "/", "/vaul:v7", "/:v7", "/other", ""} {
		for _, host := range []string{"", "harbor.test/", "two.test/"} {
			for _, query := range []url.Values{{}, {"explain": {"true"}}, {"fields": {"tags"}}} {
				for _, headers := range [][]string{nil, {"Cache-Control", noCache}} {
					ask := func(project string, also ...string) answer {
						query["name"] = append([]string{host + project + rest}, also...)
						return p.resolveWith(t, "c", query, headers...)
					}
					private, invented := ask("tool-hidden"), ask("tool-hiddem")
					require.Equal(t, http.StatusNotFound, private.status)
					require.Equal(t, strings.ReplaceAll(string(invented.body), "hiddem", "hidden"), string(private.body))
					private, invented = ask("tool-hidden", "bookworm"), ask("tool-hiddem", "bookworm")
					require.Equal(t, strings.ReplaceAll(string(invented.body), "hiddem", "hidden"), string(private.body))
				}
			}
		}
	}
	for _, name := range []string{"vault", "vault:v7", "tool-c/vault", "tool-hidde/vault", "hidden", "tool-c-privat/app"} {
		body := string(p.resolveWith(t, "c", url.Values{"name": {name}, "explain": {"true"}}).body)
		require.NotContains(t, body, "tool-hidden")
		require.NotContains(t, body, "tool-c-private")
	}

	own := into[api.ResolveAnswer](p.resolve(t, "hidden", []string{"tool-hidden/vault"}), http.StatusOK)
	require.Equal(t, digest, own.Image.Digest)
	require.Equal(t, "tool-hidden/vault:v7", own.Match.ShortName)
	near := into[api.Error](p.resolve(t, "hidden", []string{"vaul:v7"}), http.StatusNotFound)
	require.Equal(t, []string{"tool-hidden/vault:v7"}, []string(near.Suggestions), "one's own is suggested")

	require.NoError(t, p.harbor.SetVisibility("tool-other", harbortest.Private))
	require.Equal(t, http.StatusOK, p.resolve(t, "c", []string{"tool-other/app"}).status)
	p.round(t)
	require.Equal(t, http.StatusNotFound, p.resolve(t, "c", []string{"tool-other/app"}).status, "it turned private")
	require.Equal(t, http.StatusOK, p.resolve(t, "other", []string{"tool-other/app"}).status)
}
