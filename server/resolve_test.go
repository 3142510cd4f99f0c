package server_test

import (
	"cmp"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// spelled is a catalog with every way to a standard image.
const spelled = `formatVersion: "1.0"
images:
  bookworm:
    state: stable
    aliases: [debian12]
    image: one.test/toolforge-bookworm-sssd
    variants:
      webservice: {image: one.test/toolforge-bookworm-web}
      elsewhere: {image: two.test/toolforge-bookworm-web}
    formerly: [old.test/bookworm-sssd, old.test/bookworm-tagged:v1, harbor.test/tool-c/once]
  php8.2: {state: stable, image: "two.test:5000/php82:v3", aliases: [php]}
  team/tool: {state: stable, image: "registry:5000/team/thing"}
  dotted.name/x: {state: beta, image: one.test/dotted}
  golang1.11: {state: deprecated, image: one.test/golang}
  golang1.20: {state: stable, image: one.test/golang}
  golang1.21: {state: stable, image: one.test/golang}
  pinned: {state: stable, image: "one.test/pinned@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}
  gone: {state: stable, image: one.test/not-there}
  ended: {state: deprecated, image: one.test/ended, aliases: [over], replacedBy: bookworm, lifecycle: {removed: "2026-01-01"}}
tombstones:
  buried: {date: "2024-02-01", reason: nobody used it, replacedBy: bookworm}
`

const pinnedDigest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// spelledImages are what tools built, in the order in which they were pushed.
var spelledImages = []string{
	"tool-c/web:v1", "tool-c/web:latest", "tool-c/web:v2", "tool-c/job:v1", "tool-c/job:v3", "tool-c/job:v2", "tool-c/a/deep/one:v9",
	"tool-other/app:latest", "tool-a-char.sep-b/app:latest", "!tool-c-private/app:latest", "!tool-hidden/vault:v7",
}

// startSpelled serves spelled, and a Harbor whose clock ticks with each look at
// it, so that no two pushes are of one moment.
func startSpelled(t testing.TB, s setup) *platform {
	t.Helper()
	var ticks atomic.Int64
	h, users := startHarbor(t, harbortest.StartOptions{Options: harbortest.Options{
		Now: func() time.Time { return noon.Add(time.Duration(ticks.Add(1)) * time.Second) },
	}})
	for _, image := range spelledImages {
		pushUser(t, h, image)
	}
	s.values, s.users = spelled, users
	p := &platform{service: start(t, s), harbor: h, inventory: users}
	p.registries.without("not-there")
	if !s.cold {
		p.refresh(t)
	}
	return p
}

// resolve asks in a tool's name what spellings mean.
func (e *endpoint) resolve(t testing.TB, tool string, names []string, headers ...string) answer {
	t.Helper()
	return e.resolveWith(t, tool, url.Values{"name": names}, headers...)
}

func (e *endpoint) resolveWith(t testing.TB, tool string, query url.Values, headers ...string) answer {
	t.Helper()
	path := "/v1/tool/" + tool + "/images/resolve?" + query.Encode()
	return e.get(t, path, append([]string{"X-Toolforge-Tool", tool}, headers...)...)
}

// digestIn gives the digest of a tag in Harbor.
func digestIn(t testing.TB, h *harbortest.Server, repository, tag string) string {
	t.Helper()
	info, ok := h.Repository(repository)
	require.True(t, ok)
	for _, a := range info.Artifacts {
		for _, name := range a.Tags {
			if name == tag {
				return a.Digest
			}
		}
	}
	require.Failf(t, "no such tag", "%s:%s", repository, tag)
	return ""
}

func TestEverySpellingMeansOneImage(t *testing.T) {
	p := startSpelled(t, setup{})
	v1, latest := digestIn(t, p.harbor, "tool-c/web", "v1"), digestIn(t, p.harbor, "tool-c/web", "latest")
	const web = "harbor.test/tool-c/web"
	for _, c := range []struct {
		what, name, short, image, rule string
	}{
		{"short name", "bookworm", "bookworm", "one.test/toolforge-bookworm-sssd:latest", "short_name"},
		{"short name, tag", "bookworm:latest", "bookworm", "one.test/toolforge-bookworm-sssd:latest", "short_name"},
		{"short name, host", "one.test/bookworm", "bookworm", "one.test/toolforge-bookworm-sssd:latest", "short_name"},
		{"short name with a slash", "team/tool", "team/tool", "registry:5000/team/thing:latest", "short_name"},
		{"short name that looks like a host's", "dotted.name/x", "dotted.name/x", "one.test/dotted:latest", "short_name"},
		{"the same with a tag", "dotted.name/x:latest", "dotted.name/x", "one.test/dotted:latest", "short_name"},
		{"alias", "debian12", "bookworm", "one.test/toolforge-bookworm-sssd:latest", "alias"},
		{"alias, host and tag", "one.test/debian12:latest", "bookworm", "one.test/toolforge-bookworm-sssd:latest", "alias"},
		{"repository", "toolforge-bookworm-sssd", "bookworm", "one.test/toolforge-bookworm-sssd:latest", "reference"},
		{"repository, tag", "toolforge-bookworm-sssd:latest", "bookworm", "one.test/toolforge-bookworm-sssd:latest", "reference"},
		{"full reference", "one.test/toolforge-bookworm-sssd:latest", "bookworm", "one.test/toolforge-bookworm-sssd:latest", "reference"},
		{"full reference with a port", "two.test:5000/php82:v3", "php8.2", "two.test:5000/php82:v3", "reference"},
		{"full reference, host without a dot", "registry:5000/team/thing:latest", "team/tool", "registry:5000/team/thing:latest", "reference"},
		{"full reference, pinned by the catalog", "one.test/pinned@" + pinnedDigest, "pinned@" + pinnedDigest, "one.test/pinned@" + pinnedDigest, "reference"},
		{"variant's repository", "toolforge-bookworm-web", "bookworm", "one.test/toolforge-bookworm-sssd:latest", "variant"},
		{"variant's repository, tag", "toolforge-bookworm-web:latest", "bookworm", "one.test/toolforge-bookworm-sssd:latest", "variant"},
		{"variant's full reference", "one.test/toolforge-bookworm-web:latest", "bookworm", "one.test/toolforge-bookworm-sssd:latest", "variant"},
		{"another variant's", "two.test/toolforge-bookworm-web", "bookworm", "one.test/toolforge-bookworm-sssd:latest", "variant"},
		{"formerly", "old.test/bookworm-sssd:latest", "bookworm", "one.test/toolforge-bookworm-sssd:latest", "formerly"},
		{"formerly, without host", "bookworm-sssd", "bookworm", "one.test/toolforge-bookworm-sssd:latest", "formerly"},
		{"formerly, another tag", "old.test/bookworm-tagged:v1", "bookworm", "one.test/toolforge-bookworm-sssd:latest", "formerly"},
		{"formerly a tool's", "harbor.test/tool-c/once:latest", "bookworm", "one.test/toolforge-bookworm-sssd:latest", "formerly"},
		{"a catalog image that its registry lacks", "gone", "gone", "one.test/not-there:latest", "short_name"},

		{"project, name and tag", "tool-c/web:v1", "tool-c/web:v1", web + ":v1", "short_name"},
		{"with host", "harbor.test/tool-c/web:v1", "tool-c/web:v1", web + ":v1", "reference"},
		{"with digest", "tool-c/web:v1@" + v1, "tool-c/web:v1@" + v1, web + ":v1@" + v1, "alias"},
		{"with host and digest", "harbor.test/tool-c/web:v1@" + v1, "tool-c/web:v1@" + v1, web + ":v1@" + v1, "reference"},
		{"digest alone", "tool-c/web@" + v1, "tool-c/web:v1@" + v1, web + ":v1@" + v1, "digest"},
		{"digest of latest", "tool-c/web@" + latest, "tool-c/web:latest@" + latest, web + ":latest@" + latest, "digest"},
		{"digest without a repository", "tool-c/@" + v1, "tool-c/web:v1@" + v1, web + ":v1@" + v1, "digest"},
		{"no tag, there is latest", "tool-c/web", "tool-c/web:latest", web + ":latest", "latest"},
		{"no tag, with host", "harbor.test/tool-c/web", "tool-c/web:latest", web + ":latest", "latest"},
		{"no tag, the newest push", "tool-c/job", "tool-c/job:v2", "harbor.test/tool-c/job:v2", "newest"},
		{"no repository, a tag", "tool-c/:v9", "tool-c/a/deep/one:v9", "harbor.test/tool-c/a/deep/one:v9", "tag"},
		{"no repository, no tag", "tool-c/", "tool-c/web:latest", web + ":latest", "latest"},
		{"repository with slashes", "tool-c/a/deep/one", "tool-c/a/deep/one:v9", "harbor.test/tool-c/a/deep/one:v9", "newest"},
		{"another tool's", "tool-other/app", "tool-other/app:latest", "harbor.test/tool-other/app:latest", "latest"},
		{"a project as Harbor has it", "tool-a-char.sep-b/app:latest", "tool-a-char.sep-b/app:latest", "harbor.test/tool-a-char.sep-b/app:latest", "short_name"},
		{"a project as people write it", "tool-a--b/app:latest", "tool-a-char.sep-b/app:latest", "harbor.test/tool-a-char.sep-b/app:latest", "alias"},
		{"the same with host", "harbor.test/tool-a--b/app", "tool-a-char.sep-b/app:latest", "harbor.test/tool-a-char.sep-b/app:latest", "latest"},
	} {
		t.Run(c.what, func(t *testing.T) {
			a := p.resolve(t, "c", []string{c.name})
			got := into[api.ResolveAnswer](a, http.StatusOK)
			_, digest, _ := strings.Cut(c.name, "@")
			require.Equal(t, api.Match{ShortName: c.short, Image: c.image, Rule: c.rule, Digest: digest}, got.Match)
			short, _, _ := strings.Cut(c.short, "@")
			require.Equal(t, p.record(t, short), got.Image, "the record is the same everywhere")
			require.Empty(t, got.Messages)
			require.Equal(t, c.what != "a catalog image that its registry lacks", *got.Image.Exists)
		})
	}
}

// record gives one image's public record.
func (p *platform) record(t testing.TB, name string) api.Image {
	t.Helper()
	return into[api.ImageAnswer](p.get(t, "/v1/images/"+name), http.StatusOK).Image
}

func TestWhatNothingIsFoundFor(t *testing.T) {
	p := startSpelled(t, setup{})
	v1 := digestIn(t, p.harbor, "tool-c/web", "v1")
	no := false
	record := func(text string, change func(*api.Image)) api.Image {
		i := api.Image{ShortName: text, Type: "standard", State: "unknown", Aliases: api.List[string]{}, Path: text, Image: text, Exists: &no, Variants: api.Map[api.Variant]{}}
		change(&i)
		return i
	}
	built := func(path, tag, digest string) func(*api.Image) {
		return func(i *api.Image) {
			i.Type, i.State, i.Path, i.Tag, i.Digest = "buildservice", "stable", path, tag, digest
			if tag != "" && digest != "" {
				i.Aliases = api.List[string]{i.ShortName}
			}
		}
	}
	parts := func(short, host, path, tag, digest string) func(*api.Image) {
		return func(i *api.Image) { i.ShortName, i.Host, i.Path, i.Tag, i.Digest = short, host, path, tag, digest }
	}
	long := strings.Repeat("x", 5000)
	for what, c := range map[string]struct {
		name        string
		want        api.Image
		suggestions []string
	}{
		"a name nobody has":         {"mainframe", record("mainframe", func(*api.Image) {}), nil},
		"a near name":               {"bookwurm", record("bookwurm", func(*api.Image) {}), []string{"bookworm"}},
		"empty":                     {"", record("", func(*api.Image) {}), nil},
		"another host":              {"two.test/bookworm", record("two.test/bookworm", parts("bookworm", "two.test", "bookworm", "", "")), []string{"bookworm"}},
		"another port":              {"two.test/php82:v3", record("two.test/php82:v3", parts("php82:v3", "two.test", "php82", "v3", "")), []string{"php8.2"}},
		"another tag":               {"bookworm:v2", record("bookworm:v2", parts("bookworm:v2", "", "bookworm", "v2", "")), []string{"bookworm"}},
		"a standard name, a digest": {"bookworm@" + v1, record("bookworm@"+v1, parts("bookworm@"+v1, "", "bookworm", "", v1)), []string{"bookworm"}},
		"part of a repository":      {"sssd", record("sssd", func(*api.Image) {}), nil},
		"no reference":              {"x:y@sha:123", record("x:y@sha:123", parts("x:y@sha:123", "", "x", "y", "sha:123")), nil},
		"control characters":        {"a\x00\nb", record("a\x00\nb", func(*api.Image) {}), nil},
		"very long":                 {long, record(long[:1024], func(*api.Image) {}), nil},

		"no such repository":          {"tool-c/jobs:v1", record("tool-c/jobs:v1", built("tool-c/jobs", "v1", "")), []string{"tool-c/job:v1"}},
		"part of a user's repository": {"tool-c/deep/one", record("tool-c/deep/one", built("tool-c/deep/one", "", "")), []string{"tool-c/a/deep/one:v9"}},
		"no such tag":                 {"tool-c/web:v3", record("tool-c/web:v3", built("tool-c/web", "v3", "")), []string{"tool-c/web:latest", "tool-c/web:v1", "tool-c/web:v2"}},
		"a digest of another tag":     {"tool-c/web:v2@" + v1, record("tool-c/web:v2@"+v1, built("tool-c/web", "v2", v1)), []string{"tool-c/web:v2", "tool-c/web:v1"}},
		"a digest that is none":       {"tool-c/web:v1@sha256:1", record("tool-c/web:v1@sha256:1", built("tool-c/web", "v1", "sha256:1")), []string{"tool-c/web:v1", "tool-c/web:v2"}},
		"no such tool":                {"tool-nobody/web:v1", record("tool-nobody/web:v1", built("tool-nobody/web", "v1", "")), []string{"tool-c/web:v1", "tool-c/web:v2"}},
		"no tool's project":           {"tool-/web", record("tool-/web", built("tool-/web", "", "")), []string{"tool-c/web:latest"}},
		"a private tool's":            {"tool-hidden/vault:v7", record("tool-hidden/vault:v7", built("tool-hidden/vault", "v7", "")), nil},
	} {
		t.Run(what, func(t *testing.T) {
			a := p.resolve(t, "c", []string{c.name})
			e := into[api.Error](a, http.StatusNotFound)
			require.Equal(t, "image_not_found", e.Code)
			require.NotEmpty(t, e.Error)
			require.Equal(t, c.want, *e.Image)
			require.Equal(t, append([]string{}, c.suggestions...), []string(e.Suggestions))
			require.Contains(t, string(a.body), `"suggestions":[`)
			require.Equal(t, "no-store", a.header.Get("Cache-Control"))
			require.Empty(t, a.header.Get("ETag"))

			batch := into[api.ResolutionsAnswer](p.resolve(t, "c", []string{"bookworm", c.name}), http.StatusOK)
			one := batch.Results[1]
			require.Equal(t, http.StatusNotFound, one.Status)
			require.Equal(t, *e.Image, one.Image)
			require.Equal(t, e.Suggestions, one.Suggestions)
			require.Equal(t, e.Error, one.Error)
			require.Equal(t, e.Code, one.Code)
			require.Nil(t, one.Match)
		})
	}
}

// What owners call their images is another name of them, unless something is
// called so.
func TestAliasesOfOwnersAreSpellings(t *testing.T) {
	p := startMarked(t, setup{values: spelled}, "tool-c/web:v1", "tool-c/web:latest", "tool-c/job:v1", "tool-a-char.sep-b/app:v1")
	p.mark(t, "tool-c/web:v1", "aliases-front", "aliases-job", "aliases-deep_.front")
	p.mark(t, "tool-a-char.sep-b/app:v1", "aliases-front")
	latest := digestIn(t, p.harbor, "tool-c/web", "latest")
	for name, want := range map[string]api.Match{
		"tool-c/front":                    {ShortName: "tool-c/web:latest", Image: "harbor.test/tool-c/web:latest", Rule: "alias"},
		"harbor.test/tool-c/front":        {ShortName: "tool-c/web:latest", Image: "harbor.test/tool-c/web:latest", Rule: "alias"},
		"tool-c/front:latest":             {ShortName: "tool-c/web:latest", Image: "harbor.test/tool-c/web:latest", Rule: "alias"},
		"tool-c/deep/front":               {ShortName: "tool-c/web:latest", Image: "harbor.test/tool-c/web:latest", Rule: "alias"},
		"tool-c/front@" + latest:          {ShortName: "tool-c/web:latest@" + latest, Digest: latest, Image: "harbor.test/tool-c/web:latest@" + latest, Rule: "alias"},
		"tool-a--b/front":                 {ShortName: "tool-a-char.sep-b/app:v1", Image: "harbor.test/tool-a-char.sep-b/app:v1", Rule: "alias"},
		"tool-c/job":                      {ShortName: "tool-c/job:v1", Image: "harbor.test/tool-c/job:v1", Rule: "newest"},
		"tool-c/web":                      {ShortName: "tool-c/web:latest", Image: "harbor.test/tool-c/web:latest", Rule: "latest"},
		"harbor.test/tool-a--b/front:v1@": {ShortName: "tool-a-char.sep-b/app:v1", Image: "harbor.test/tool-a-char.sep-b/app:v1", Rule: "alias"},
	} {
		got := into[api.ResolveAnswer](p.resolve(t, "c", []string{name}), http.StatusOK)
		require.Equal(t, want, got.Match, name)
	}
	for _, name := range []string{"tool-c/front:v1", "tool-c/job:latest", "front", "tool-c/front@" + digestOf("other"), "two.test/tool-c/front"} {
		require.Equal(t, http.StatusNotFound, p.resolve(t, "c", []string{name}).status, name)
	}

	p.mark(t, "tool-c/job:v1", "state-deprecated")
	pushUser(t, p.harbor, "tool-c/zebra:v1")
	p.round(t)
	got := into[api.ResolveAnswer](p.resolve(t, "c", []string{"tool-c/:v1"}), http.StatusOK)
	require.Equal(t, "tool-c/web:v1", got.Image.ShortName, "stable ones first")
	require.Equal(t, []string{`"tool-c/:v1" could as well mean tool-c/zebra:v1, tool-c/job:v1`}, got.Messages.Warning)
}

func TestATieIsAnsweredByRuleAndSaysSo(t *testing.T) {
	p := startSpelled(t, setup{})
	got := into[api.ResolveAnswer](p.resolve(t, "c", []string{"golang"}), http.StatusOK)
	require.Equal(t, "golang1.20", got.Image.ShortName, "stable ones first, then by name, never by the file's order")
	require.Equal(t, []string{`"golang" could as well mean golang1.21, golang1.11`}, got.Messages.Warning)

	pushUser(t, p.harbor, "tool-c/other:v1")
	pushUser(t, p.harbor, "tool-c/other:latest")
	p.round(t)
	got = into[api.ResolveAnswer](p.resolve(t, "c", []string{"tool-c/:latest"}), http.StatusOK)
	require.Equal(t, "tool-c/other:latest", got.Match.ShortName)
	require.Equal(t, []string{`"tool-c/:latest" could as well mean tool-c/web:latest`}, got.Messages.Warning)
}

func TestResolvingARemovedImage(t *testing.T) {
	p := startSpelled(t, setup{})
	for name, stone := range map[string]string{"buried": "buried", "ended": "ended", "over": "ended", "ended:latest": "ended", "one.test/over": "ended"} {
		e := into[api.Error](p.resolve(t, "c", []string{name}), http.StatusGone)
		require.Equal(t, "image_removed", e.Code)
		require.Equal(t, stone, e.Tombstone.ShortName, name)
		require.Equal(t, "bookworm", e.Tombstone.ReplacedBy)
		require.Equal(t, []string{"bookworm"}, []string(e.Suggestions))
		require.Equal(t, name, e.Image.Image)
		batch := into[api.ResolutionsAnswer](p.resolve(t, "c", []string{name, name}), http.StatusOK)
		require.Equal(t, http.StatusGone, batch.Results[0].Status)
		require.Equal(t, e.Tombstone, batch.Results[1].Tombstone)
	}
	require.Equal(t, into[api.Error](p.get(t, "/v1/images/buried"), http.StatusGone), into[api.Error](p.resolve(t, "c", []string{"buried"}), http.StatusGone), "as by name")
}

func TestManySpellingsAtOnce(t *testing.T) {
	p := startSpelled(t, setup{})
	names := []string{"tool-c/web", "bookworm", "nope", "", "buried", "bookworm", "golang", "golang", "tool-hidden/vault:v7"}
	got := into[api.ResolutionsAnswer](p.resolve(t, "c", names), http.StatusOK)
	require.Len(t, got.Results, len(names))
	for i, one := range got.Results {
		require.Equal(t, names[i], one.Name, "in order, twice if asked twice")
		a := p.resolve(t, "c", []string{names[i]})
		require.Equal(t, a.status, one.Status)
		if one.Status == http.StatusOK {
			alone := into[api.ResolveAnswer](a, http.StatusOK)
			require.Equal(t, alone.Image, one.Image)
			require.Equal(t, alone.Match, *one.Match)
			require.Nil(t, one.Suggestions)
		}
	}
	require.Equal(t, []string{`"golang" could as well mean golang1.21, golang1.11`}, got.Messages.Warning, "once")

	hundred := make([]string, 100)
	for i := range hundred {
		hundred[i] = "harbor.test/tool-c/web:v1@" + pinnedDigest
	}
	require.Len(t, into[api.ResolutionsAnswer](p.resolve(t, "c", hundred), http.StatusOK).Results, 100)
	cut := into[api.ResolutionsAnswer](p.resolve(t, "c", []string{strings.Repeat("é", 1000), "bookworm"}), http.StatusOK)
	require.Equal(t, strings.Repeat("é", 512), cut.Results[0].Name)
}

func TestWhatIsNoQuestionAboutSpellings(t *testing.T) {
	p := startSpelled(t, setup{})
	for query, says := range map[string]string{
		"":                               "name is missing",
		"fields=image":                   "name is missing",
		strings.Repeat("&name=x", 101):   "name is given 101 times: 100 are the most",
		"name=x&nam=y":                   `unknown parameter "nam"; did you mean "name"?`,
		"name=x&state=stable":            `unknown parameter "state"`,
		"name=x&explain=perhaps":         `explain "perhaps" is none of true, false`,
		"name=x&explain=":                "explain",
		"name=x&explain=true&explain=no": "explain",
		"name=x&fields=colour":           "colour",
		"name=%zz":                       "cannot be read",
	} {
		failure := p.failure(t, "/v1/tool/c/images/resolve?"+query, http.StatusBadRequest, "X-Toolforge-Tool", "c")
		require.Equal(t, "bad_parameter", failure.Code)
		require.Contains(t, failure.Error[0], says, query)
	}
}

func TestWhoMayAskWhatSpellingsMean(t *testing.T) {
	p := startSpelled(t, setup{})
	const path = "/v1/tool/c/images/resolve?name=bookworm"
	require.Equal(t, "unauthorized", p.failure(t, path, http.StatusUnauthorized).Code)
	require.Equal(t, "forbidden", p.failure(t, path, http.StatusForbidden, "X-Toolforge-Tool", "b").Code)
	require.Equal(t, "bad_parameter", p.failure(t, path, http.StatusBadRequest, "X-Toolforge-Tool", "c", "X-Toolforge-Tool", "c").Code)
	require.Equal(t, "bad_parameter", p.failure(t, "/v1/tool/C/images/resolve?name=x", http.StatusBadRequest, "X-Toolforge-Tool", "C").Code)
	cold := start(t, setup{values: spelled, cold: true})
	require.Equal(t, "not_ready", into[api.Error](cold.resolve(t, "c", []string{"bookworm"}), http.StatusServiceUnavailable).Code)
}

func TestFieldsOfWhatIsResolved(t *testing.T) {
	p := startSpelled(t, setup{})
	a := p.resolveWith(t, "c", url.Values{"name": {"tool-c/web:v1"}, "fields": {"tag,tags"}})
	got := into[api.ResolveAnswer](a, http.StatusOK)
	require.Equal(t, api.Image{ShortName: "tool-c/web:v1", Tag: "v1", Tags: api.List[string]{"v1"}}, got.Image)
	require.Equal(t, "harbor.test/tool-c/web:v1", got.Match.Image)
	batch := into[api.ResolutionsAnswer](p.resolveWith(t, "c", url.Values{"name": {"bookworm", "nope"}, "fields": {"image"}}), http.StatusOK)
	require.Equal(t, api.Image{ShortName: "bookworm", Image: "one.test/toolforge-bookworm-sssd:latest"}, batch.Results[0].Image)
	require.Equal(t, "unknown", batch.Results[1].Image.State, "what is not found is whole")
}

func TestAResolvedImageIsCachedForItsToolAlone(t *testing.T) {
	p := startSpelled(t, setup{})
	for _, names := range [][]string{{"tool-c/web"}, {"bookworm", "tool-c/web", "tool-c/job", "nope"}} {
		plain := p.resolve(t, "c", names)
		tags := map[string]bool{}
		for _, coding := range []string{"identity", "gzip", "zstd"} {
			a := p.resolve(t, "c", names, "Accept-Encoding", coding)
			require.Equal(t, plain.body, unpack(t, cmp.Or(a.header.Get("Content-Encoding"), "identity"), a.body), "what is short is not coded")
			require.Equal(t, "private, no-cache", a.header.Get("Cache-Control"))
			require.Equal(t, "Accept-Encoding, X-Toolforge-Tool", a.header.Get("Vary"))
			tags[a.header.Get("ETag")] = true
			again := p.resolve(t, "c", names, "Accept-Encoding", coding, "If-None-Match", "W/"+a.header.Get("ETag"))
			require.Equal(t, http.StatusNotModified, again.status)
			require.Empty(t, again.body)
			head := p.ask(t, http.MethodHead, "/v1/tool/c/images/resolve?"+url.Values{"name": names}.Encode(), "X-Toolforge-Tool", "c", "Accept-Encoding", coding)
			require.Equal(t, a.header.Get("ETag"), head.header.Get("ETag"))
			require.Equal(t, a.header.Get("Content-Length"), head.header.Get("Content-Length"))
		}
		if len(names) > 1 {
			require.Len(t, tags, 3, "one for each coding")
		}
	}
	before := p.resolve(t, "c", []string{"tool-c/web"}).header.Get("ETag")
	pushUser(t, p.harbor, "tool-other/new:latest")
	p.round(t)
	require.Equal(t, before, p.resolve(t, "c", []string{"tool-c/web"}).header.Get("ETag"), "equal facts, equal tags")
	second := start(t, setup{values: spelled, users: inventoryOf(t, p.harbor)})
	require.Equal(t, before, second.resolve(t, "c", []string{"tool-c/web"}).header.Get("ETag"), "on every replica")
	pushUser(t, p.harbor, "tool-c/web:latest")
	p.round(t)
	require.NotEqual(t, before, p.resolve(t, "c", []string{"tool-c/web"}).header.Get("ETag"))
}
