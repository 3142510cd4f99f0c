package server_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// explained gives why a spelling means what it means to tool c.
func (p *platform) explained(t *testing.T, name string) api.Explanation {
	t.Helper()
	a := p.resolveWith(t, "c", url.Values{"name": {name}, "explain": {"true"}})
	if a.status == http.StatusOK {
		return *into[api.ResolveAnswer](a, http.StatusOK).Explain
	}
	return *into[api.Error](a, a.status).Explain
}

func TestWhyASpellingMeansAnImage(t *testing.T) {
	p := startSpelled(t, setup{})
	v1, v2 := digestIn(t, p.harbor, "tool-c/web", "v1"), digestIn(t, p.harbor, "tool-c/web", "v2")
	miss := func(short, image, reason, says string) api.NearMiss {
		return api.NearMiss{ShortName: short, Image: image, Reason: reason, Says: says}
	}
	const bookworm, web = "one.test/toolforge-bookworm-sssd:latest", "harbor.test/tool-c/web"
	for _, c := range []struct {
		name, says, rule, source string
		near                     []api.NearMiss
	}{
		{"bookworm", "it is the short name of bookworm", "short_name", "chart", nil},
		{"debian12", "it is another name of bookworm", "alias", "chart", nil},
		{"toolforge-bookworm-sssd", "it is the reference of bookworm", "reference", "chart", nil},
		{"toolforge-bookworm-web", "it is the reference of a variant of bookworm", "variant", "chart", nil},
		{"old.test/bookworm-sssd", "bookworm had this reference once", "formerly", "chart", nil},
		{"golang", "it is the reference of golang1.20", "reference", "chart", []api.NearMiss{
			miss("golang1.21", "one.test/golang:latest", "tie", "it matches as well, and golang1.20 goes first"),
			miss("golang1.11", "one.test/golang:latest", "tie", "it matches as well, and golang1.20 goes first"),
		}},
		{"two.test/bookworm", "no image is spelled so", "", "chart", []api.NearMiss{miss("bookworm", bookworm, "host", "it is on one.test")}},
		{"bookworm:v2", "no image is spelled so", "", "chart", []api.NearMiss{miss("bookworm", bookworm, "tag", "its tag is latest")}},
		{"bookworm@" + v1, "no image is spelled so", "", "chart", []api.NearMiss{miss("bookworm", bookworm, "digest", "a standard image is found without a digest")}},
		{"bookwurm", "no image is spelled so", "", "chart", []api.NearMiss{miss("bookworm", bookworm, "spelling", "it is written in a similar way")}},
		{"buried", "the catalog removed buried: it leads nowhere any more", "", "chart", nil},
		{"tool-c/web:v1", "it is the short name of tool-c/web:v1", "short_name", harborHost, nil},
		{"tool-c/web", "no tag is written, and tool-c/web:latest is the latest", "latest", harborHost, nil},
		{"tool-c/job", "no tag is written and none is latest: tool-c/job:v2 was pushed last", "newest", harborHost, nil},
		{"tool-c/web@" + v1, "tool-c/web:v1 has this digest", "digest", harborHost, nil},
		{"tool-c/:v9", "no repository is written, and tool-c/a/deep/one:v9 has this tag", "tag", harborHost, nil},
		{"two.test/tool-c/web:v1", "no image is spelled so", "", harborHost, []api.NearMiss{
			miss("tool-c/web:v1", web+":v1", "host", "it is on harbor.test"),
			miss("tool-c/web:v2", web+":v2", "spelling", "it is written in a similar way"),
		}},
		{"tool-c/web:v3", "no image is spelled so", "", harborHost, []api.NearMiss{
			miss("tool-c/web:latest", web+":latest", "tag", "it has another tag"),
			miss("tool-c/web:v1", web+":v1", "tag", "it has another tag"),
			miss("tool-c/web:v2", web+":v2", "tag", "it has another tag"),
		}},
		{"tool-c/web:v2@" + v1, "no image is spelled so", "", harborHost, []api.NearMiss{
			miss("tool-c/web:v2", web+":v2", "digest", "its tag is on "+v2+" now"),
			miss("tool-c/web:v1", web+":v1", "spelling", "it is written in a similar way"),
		}},
		{"tool-c/job@" + v1, "no image is spelled so", "", harborHost, []api.NearMiss{
			miss("tool-c/job:v2", "harbor.test/tool-c/job:v2", "digest", "it has another digest"),
		}},
		{"tool-other/job:v1", "no image is spelled so", "", harborHost, []api.NearMiss{
			miss("tool-c/job:v1", "harbor.test/tool-c/job:v1", "tool", "it is of tool c"),
			miss("tool-c/job:v2", "harbor.test/tool-c/job:v2", "spelling", "it is written in a similar way"),
			miss("tool-c/job:v3", "harbor.test/tool-c/job:v3", "spelling", "it is written in a similar way"),
		}},
	} {
		got := p.explained(t, c.name)
		require.Equal(t, c.says, got.Says, c.name)
		require.Equal(t, c.rule, got.Rule, c.name)
		require.Equal(t, c.source, got.Source, c.name)
		require.Equal(t, append([]api.NearMiss{}, c.near...), []api.NearMiss(got.Near), c.name)
		require.Equal(t, c.source == "chart", got.CatalogVersion == "1.2.3", c.name)
	}
	require.Equal(t, api.Parts{Host: "a.test", Project: "tool-x", Name: "y", Tag: "1", Digest: "2"}, p.explained(t, "a.test/tool-x/y:1@2").Parts)
	require.Equal(t, api.Parts{}, p.explained(t, "").Parts)
}

// An image that matches less exactly is not the answer, and is said.
func TestWhyTheMoreExactOneIsMeant(t *testing.T) {
	s := start(t, setup{values: `formatVersion: "1.0"
images:
  x: {state: stable, image: one.test/a}
  z: {state: stable, image: one.test/x}
`})
	p := &platform{service: s}
	require.Equal(t, []api.NearMiss{{ShortName: "z", Image: "one.test/x:latest", Reason: "rule", Says: "it matches less exactly"}}, []api.NearMiss(p.explained(t, "x").Near))
}

func TestExplanationsComeOnlyIfAskedFor(t *testing.T) {
	p := startSpelled(t, setup{})
	for _, query := range []url.Values{{}, {"explain": {"false"}}} {
		for _, names := range [][]string{{"bookworm"}, {"nope"}, {"bookworm", "nope"}} {
			query["name"] = names
			require.NotContains(t, string(p.resolveWith(t, "c", query).body), "explain")
		}
	}
	batch := into[api.ResolutionsAnswer](p.resolveWith(t, "c", url.Values{"name": {"bookworm", "nope"}, "explain": {"true"}}), http.StatusOK)
	require.Equal(t, p.explained(t, "bookworm"), *batch.Results[0].Explain)
	require.Equal(t, p.explained(t, "nope"), *batch.Results[1].Explain)
}
