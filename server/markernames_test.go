package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// An owner can say nothing about what belongs to others, nor take a name that
// somebody has.
func TestOwnersCannotTakeNames(t *testing.T) {
	p := startMarked(t, setup{}, "tool-c/web:latest", "tool-c/cron:v1", "tool-b/app:latest")
	before := p.images(t, "?type=standard")
	victim, cron := p.one(t, "tool-b/app:latest"), p.one(t, "tool-c/cron:v1")
	long := strings.Repeat("x", 121)
	for _, tag := range []string{
		"aliases-bookworm", "aliases-old", "aliases-tool_-toolforge-web", // the platform's names
		"aliases-tool-b_.app", "aliases-tool-b", "aliases-tool-b_.app_-front", // another tool's
		"aliases-cron", "aliases-web", // its own images'
		"aliases-buildservice", "aliases-..", "aliases-_.", "aliases-a_._.b", "aliases-a_.", "aliases-.hidden",
		"aliases-..._.._.etc_.passwd", "aliases-v1.2_.x.y", "aliases-latest",
	} {
		require.NoError(t, p.harbor.Tag("tool-c/web", "latest", tag), tag)
	}
	p.round(t)
	require.Equal(t, before, p.images(t, "?type=standard"))
	require.Equal(t, victim, p.one(t, "tool-b/app:latest"))
	require.Equal(t, cron, p.one(t, "tool-c/cron:v1"))
	own := p.one(t, "tool-c/web:latest")
	require.Equal(t, api.List[string]{
		"tool-c/bookworm", "tool-c/latest", "tool-c/old", "tool-c/tool", "tool-c/tool-b", "tool-c/toolforge-web", "tool-c/v1.2/x.y",
	}, own.Aliases[1:], "all of them inside its own project")
	require.Equal(t, "bookworm", p.one(t, "bookworm").ShortName)
	require.Equal(t, "tool-b", p.one(t, "old").ShortName)
	require.Equal(t, "tool-c/web:latest", p.one(t, "tool-c/bookworm").ShortName)
	for _, name := range []string{
		"tool-b/front", "tool-b/app", "buildservice", "tool-c/buildservice", "tool-c/cron", "tool-c/web", "tool-c/tool-b/app", "tool-c/a", "tool-c/" + long,
	} {
		into[api.Error](p.get(t, "/v1/images/"+name), http.StatusNotFound)
	}
	for _, tag := range []string{"aliases-buildservice", "aliases-tool-b_.app", "aliases-..", "aliases-tool-b_.app_-front"} {
		require.Equal(t, "tool-c/web:"+tag, p.one(t, "tool-c/web:"+tag).ShortName, "no marker: a tag like others")
	}
}

// Owners' aliases are spellings too, and near those who may see them.
func TestOwnersAliasesResolve(t *testing.T) {
	p := startMarked(t, setup{}, "tool-c/web:v1", "tool-c/web:v2", "tool-c/cron:latest", "tool-a-char.sep-b/web:latest", "!tool-secret/vault:latest")
	p.mark(t, "tool-c/web:v1", "aliases-front_-old_.front")
	p.mark(t, "tool-a-char.sep-b/web:latest", "aliases-front")
	p.mark(t, "tool-secret/vault:latest", "aliases-hidden", "aliases-bookworm")
	v2 := p.one(t, "tool-c/web:v2")
	for spelling, wanted := range map[string]string{
		"tool-c/front":               "tool-c/web:v2",
		"tool-c/old/front":           "tool-c/web:v2",
		"tool-c/front:v2":            "tool-c/web:v2",
		harborHost + "/tool-c/front": "tool-c/web:v2",
		"tool-c/front@" + v2.Digest:  "tool-c/web:v2",
		"tool-a--b/front":            "tool-a-char.sep-b/web:latest",
		"tool-a-char.sep-b/front":    "tool-a-char.sep-b/web:latest",
		"tool-c/web":                 "tool-c/web:v2",
		"tool-c/front:v1":            "", // not the one that the alias leads to
		"tool-c/front@sha256:" + strings.Repeat("0", 64): "",
		"front":                   "",
		"tool-secret/hidden":      "",
		"other.test/tool-c/front": "",
	} {
		a := p.resolve(t, "c", []string{spelling})
		if wanted == "" {
			require.Equal(t, "image_not_found", into[api.Error](a, http.StatusNotFound).Code, spelling)
			continue
		}
		answer := into[api.ResolveAnswer](a, http.StatusOK)
		require.Equal(t, wanted, answer.Image.ShortName, spelling)
		require.Equal(t, p.one(t, wanted), answer.Image, "the record is the same everywhere")
		if strings.HasSuffix(spelling, "front") {
			require.Equal(t, "alias", answer.Match.Rule, spelling)
		}
		require.Empty(t, answer.Messages.Warning)
	}
	require.Equal(t, "bookworm", into[api.ResolveAnswer](p.resolve(t, "secret", []string{"bookworm"}), http.StatusOK).Image.ShortName)
	require.Equal(t, "tool-secret/vault:latest",
		into[api.ResolveAnswer](p.resolve(t, "secret", []string{"tool-secret/hidden"}), http.StatusOK).Image.ShortName)

	for tool, near := range map[string][]string{"c": {}, "secret": {"tool-secret/vault:latest"}} {
		failure := into[api.Error](p.resolve(t, tool, []string{"tool-secret/hiden"}), http.StatusNotFound)
		require.Equal(t, api.List[string](near), failure.Suggestions)
	}
	failure := into[api.Error](p.get(t, "/v1/images/tool-c/frnt"), http.StatusNotFound)
	require.Equal(t, api.List[string]{"tool-c/web:v2"}, failure.Suggestions)
	explained := into[api.ResolveAnswer](p.resolveWith(t, "c", url.Values{"name": {"tool-c/front"}, "explain": {"true"}}), http.StatusOK).Explain
	require.Equal(t, "alias", explained.Rule)
	require.Equal(t, harborHost, explained.Source)
}

// What the catalog has inside a tool's project, or had, is the catalog's.
func TestAnAliasIsNotPutOverTheCatalogs(t *testing.T) {
	guest := "images:\n  guest: {state: stable, image: harbor.test/tool-c/guest, formerly: [harbor.test/tool-c/once]}\n"
	p := startMarked(t, setup{values: strings.Replace(toolSample, "images:\n", guest, 1)}, "tool-c/web:latest")
	p.mark(t, "tool-c/web:latest", "aliases-guest_-once_-front")
	for spelling, wanted := range map[string]string{
		"tool-c/guest": "guest", "harbor.test/tool-c/guest": "guest", "tool-c/once": "guest", "tool-c/front": "tool-c/web:latest",
	} {
		answer := into[api.ResolveAnswer](p.resolve(t, "c", []string{spelling}), http.StatusOK)
		require.Equal(t, wanted, answer.Image.ShortName, spelling)
	}
	into[api.ImagesAnswer](p.toolList(t, "c", ""), http.StatusOK) // which is kept
	web := p.one(t, "tool-c/web:latest")
	require.Equal(t, api.List[string]{"tool-c/front"}, web.Aliases[1:])
	require.Equal(t, web, p.images(t, "?name=tool-c/front")[0])
	into[api.Error](p.get(t, "/v1/images/tool-c/guest"), http.StatusNotFound)
	p.write(t, "values.yaml", toolSample)
	p.refresh(t)
	require.Equal(t, api.List[string]{"tool-c/front", "tool-c/guest", "tool-c/once"}, p.one(t, "tool-c/guest").Aliases[1:])
	require.Equal(t, p.one(t, "tool-c/guest"), p.images(t, "?name=tool-c/once")[0])
	whole := into[api.ImagesAnswer](p.toolList(t, "c", ""), http.StatusOK).Images
	require.Contains(t, whole, p.one(t, "tool-c/guest"), "what is kept follows the catalog")
}

// The catalog may have an image in a tool's project. The tool's owners speak for
// their repository there, and not for the platform's image.
func TestOwnersDoNotSpeakForAGuest(t *testing.T) {
	guest := "images:\n  guest:\n    state: stable\n    image: harbor.test/tool-c/guest\n    variants: {webservice: {image: harbor.test/tool-c/guest}}\n"
	p := startMarked(t, setup{values: strings.Replace(toolSample, "images:\n", guest, 1)}, "tool-c/guest:latest")
	before := p.one(t, "guest")
	tags := []string{"aliases-php7.4", "state-deprecated", "wstype-js", "resources-jdk"}
	p.registries.mark("tool-c/guest", tags...) // as the registry says it of the platform's image
	p.refresh(t)
	p.mark(t, "tool-c/guest:latest", tags...)
	require.Equal(t, before, p.one(t, "guest"))
	into[api.Error](p.get(t, "/v1/images/php7.4"), http.StatusNotFound)
	own := p.one(t, "tool-c/php7.4")
	require.Equal(t, "tool-c/guest:latest", own.ShortName)
	require.Equal(t, "deprecated", own.State)
	require.Equal(t, api.Map[any]{"wstype": "js", "resources": "jdk"}, own.Variants["webservice"].Extra)
}
