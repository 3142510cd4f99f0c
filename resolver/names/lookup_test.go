package names_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/names"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
)

// someImages are a catalog for tests of whole lookups.
const someImages = `images:
  bookworm:
    state: stable
    aliases: [debian12]
    image: one.example/toolforge-bookworm-sssd
    variants: {webservice: {image: one.example/toolforge-bookworm-web}}
    formerly: [old.example/bookworm, harbor.example/tool-x/once]
  python3.11: {state: stable, image: "one.example:5000/python311:v3", aliases: [tf-python311]}
`

// someBuilt are what tools built, in the order of their pushes.
var someBuilt = []string{
	"tool-x/img:v1", "tool-x/img:latest", "tool-x/img:v2", "tool-x/job:v1", "tool-x/job:v3", "tool-x/job:v2", "tool-x/deep/er:v9",
	"tool-y/app:latest", "tool-a-char.sep-b/app:v1", "!tool-secret/vault:v7",
}

// What jobs-api does with each part of a spelling, case by case.
func TestSpellingsOfToolsImages(t *testing.T) {
	p := startPlatform(t, someBuilt...)
	l := p.lookup(t, load(t, someImages), "x")
	v1, latest := p.digest(t, "tool-x/img", "v1"), p.digest(t, "tool-x/img", "latest")
	for what, c := range map[string]struct {
		text, short string
		rule        names.Rule
	}{
		"project, name, tag":                   {"tool-x/img:v1", "tool-x/img:v1", names.RuleShortName},
		"host":                                 {"harbor.example/tool-x/img:v1", "tool-x/img:v1", names.RuleReference},
		"another host":                         {"one.example/tool-x/img:v1", "", ""},
		"another port":                         {"harbor.example:443/tool-x/img:v1", "", ""},
		"another tag":                          {"tool-x/img:v3", "", ""},
		"tag and its digest, which is kept":    {"tool-x/img:v1@" + v1, "tool-x/img:v1@" + v1, names.RuleAlias},
		"tag and another digest":               {"tool-x/img:v2@" + v1, "", ""},
		"host, tag and digest":                 {"harbor.example/tool-x/img:v1@" + v1, "tool-x/img:v1@" + v1, names.RuleReference},
		"digest alone":                         {"tool-x/img@" + v1, "tool-x/img:v1@" + v1, names.RuleDigest},
		"digest of latest":                     {"tool-x/img@" + latest, "tool-x/img:latest@" + latest, names.RuleDigest},
		"digest in another repository":         {"tool-x/job@" + v1, "", ""},
		"digest without a repository":          {"tool-x/@" + v1, "tool-x/img:v1@" + v1, names.RuleDigest},
		"digest in capitals":                   {"tool-x/img@" + strings.ToUpper(v1), "", ""},
		"no digest":                            {"tool-x/img@sha:123", "", ""},
		"no tag, and there is latest":          {"tool-x/img", "tool-x/img:latest", names.RuleLatest},
		"no tag, and there is no latest":       {"tool-x/job", "tool-x/job:v2", names.RuleNewest},
		"no repository":                        {"tool-x/", "tool-x/img:latest", names.RuleLatest},
		"no repository, a tag":                 {"tool-x/:v9", "tool-x/deep/er:v9", names.RuleTag},
		"a repository with slashes":            {"tool-x/deep/er:v9", "tool-x/deep/er:v9", names.RuleShortName},
		"part of a repository":                 {"tool-x/er:v9", "", ""},
		"the beginning of a repository":        {"tool-x/deep", "", ""},
		"another tool's":                       {"tool-y/app", "tool-y/app:latest", names.RuleLatest},
		"another tool's private one":           {"tool-secret/vault:v7", "", ""},
		"a tool that nobody has":               {"tool-z/app", "", ""},
		"a project as Harbor writes it":        {"tool-a-char.sep-b/app:v1", "tool-a-char.sep-b/app:v1", names.RuleShortName},
		"a project as people write it":         {"tool-a--b/app:v1", "tool-a-char.sep-b/app:v1", names.RuleAlias},
		"the same, with host and no tag":       {"harbor.example/tool-a--b/app", "tool-a-char.sep-b/app:v1", names.RuleNewest},
		"a project, and a standard image once": {"tool-x/once", "bookworm", names.RuleFormerly},
		"a standard image":                     {"one.example/toolforge-bookworm-web:latest", "bookworm", names.RuleVariant},
		"a standard image with a digest":       {"bookworm@" + v1, "", ""},
	} {
		m := l.Resolve(c.text)
		require.Equal(t, names.Parse(c.text), m.Spelling, what)
		require.Equal(t, c.rule, m.Rule, what)
		if c.short == "" {
			require.Nil(t, m.Image, what)
			continue
		}
		require.Equal(t, c.short, m.ShortName(), what)
		_, digest, _ := strings.Cut(c.text, "@")
		require.Equal(t, digest, m.Reference().Digest, what)
		require.Empty(t, m.Also, what)
	}
	own := p.lookup(t, load(t, someImages), "secret")
	require.Equal(t, "tool-secret/vault:v7", own.Resolve("tool-secret/vault").ShortName())
}

// Equals are answered by name, and the others are said.
func TestTiesAmongToolsImages(t *testing.T) {
	p := startPlatform(t, "tool-x/b:latest", "tool-x/a:latest", "tool-x/c:v1")
	require.NoError(t, p.Tag("tool-x/c", "v1", "v0"))
	require.NoError(t, p.users.Refresh(t.Context(), "x"))
	l := p.lookup(t, load(t, someImages), "x")
	m := l.Resolve("tool-x/")
	require.Equal(t, "tool-x/a:latest", m.ShortName())
	require.Equal(t, []string{"tool-x/b:latest"}, m.Also)
	m = l.Resolve("tool-x/c")
	require.Equal(t, "tool-x/c:v0", m.ShortName(), "two tags on the newest push")
	require.Equal(t, []string{"tool-x/c:v1"}, m.Also)
	older := startPlatform(t, "tool-x/b:v1", "tool-x/a:v1", "tool-x/c:v0").lookup(t, load(t, someImages), "x")
	m = older.Resolve("tool-x/")
	require.Equal(t, "tool-x/c:v0", m.ShortName(), "the newest push of all")
	require.Empty(t, m.Also)
	m = older.Resolve("tool-x/:v1")
	require.Equal(t, "tool-x/a:v1", m.ShortName(), "where a tag is written, pushes do not count")
	require.Equal(t, []string{"tool-x/b:v1"}, m.Also)
	m = l.Resolve("tool-x/:latest")
	require.Equal(t, names.RuleTag, m.Rule)
	require.Equal(t, []string{"tool-x/b:latest"}, m.Also)
}

// Before the registry of tools' images ever answered, a spelling that it may
// have an image for is taken as it stands; one that no registry can have is not.
func TestBeforeAnybodyAnswered(t *testing.T) {
	p := startPlatform(t)
	for host, users := range map[string]snapshot.Users{
		harborHost: {Host: harborHost, View: p.users.State().View}, "": {},
	} {
		l := p.lookup(t, load(t, someImages), "x")
		l.Snapshot = snapshot.Join(snapshot.Input{Catalog: l.Snapshot.Catalog, Facts: nothing{}, Day: l.Snapshot.Day, Users: users})
		m := l.Resolve("tool-x/img:v1")
		if host == "" {
			require.Nil(t, m.Image, "nobody builds here")
			continue
		}
		require.Equal(t, names.RuleUnasked, m.Rule)
		require.Equal(t, "harbor.example/tool-x/img:v1", m.Reference().String())
		require.True(t, m.Image.Stale)
		require.Zero(t, m.Image.Exists)
		for _, text := range []string{"other.example/tool-x/img:v1", "tool-x/", "tool-x/a b", "tool-/img", "tool-x/img:v1@sha:1", "img"} {
			require.Nil(t, l.Resolve(text).Image, text)
		}
		require.Equal(t, names.RuleFormerly, l.Resolve("tool-x/once").Rule, "the catalog knows better")
	}
}

func TestNearMissesOfAReader(t *testing.T) {
	p := startPlatform(t, someBuilt...)
	catalog := load(t, someImages)
	for text, wanted := range map[string][]string{
		"tool-x/img:v3":        {"tool-x/img:latest", "tool-x/img:v1", "tool-x/img:v2"},
		"tool-x/imk:v1":        {"tool-x/img:v1"},
		"tool-x/jobs":          {"tool-x/job:v2"},
		"tool-y/ap":            {"tool-y/app:latest"},
		"tool-y/img:v1":        {"tool-x/img:v1", "tool-x/img:v2"},
		"tool-secret/vault:v8": nil,
		"tool-a--b/ap:v1":      {"tool-a-char.sep-b/app:v1"},
		"imgg":                 {"tool-x/img:latest"},
		"bookwurm":             {"bookworm"},
		"tool-x/bookworm":      {"bookworm"},
		"":                     nil,
	} {
		require.Equal(t, wanted, p.lookup(t, catalog, "x").Near(text), text)
	}
	require.Equal(t, []string{"tool-secret/vault:v7"}, p.lookup(t, catalog, "secret").Near("tool-secret/vault:v8"))
	require.Empty(t, p.lookup(t, catalog, "").Near("imgg"), "anybody has no images of their own")
	require.Equal(t, []string{"tool-y/app:latest"}, p.lookup(t, catalog, "").Near("tool-y/app:v2"))
}

func TestNearMissesAreFew(t *testing.T) {
	var images []string
	for _, tag := range strings.Split("v1 v2 v3 v4 v5 v6 v7 v8", " ") {
		images = append(images, "tool-x/img:"+tag, "tool-x/im"+tag+":latest")
	}
	p := startPlatform(t, images...)
	l := p.lookup(t, load(t, someImages), "x")
	for _, text := range []string{"tool-x/img:v9", "tool-x/imv:v9", "imv9"} {
		require.Len(t, l.Near(text), 5, text)
		require.LessOrEqual(t, len(l.Explain(l.Resolve(text)).Misses), 10)
	}
}

// The next index takes over what names lead where, and gives the images of now.
func TestTheNextIndex(t *testing.T) {
	one := fleet(t)
	index := names.NewIndex(one)
	two := fleet(t)
	two[0].Digest = "sha256:other"
	next := index.Next(two)
	require.Same(t, two[0], next.Resolve("debian12").Image)
	require.Same(t, two[0], next.Find("bookworm"))
	require.Same(t, one[0], index.Find("bookworm"), "the one before stays as it was")
	for name, change := range map[string]func(*snapshot.Image){
		"alias":    func(i *snapshot.Image) { i.Aliases = []string{"lookedfor"} },
		"path":     func(i *snapshot.Image) { i.Reference.Path = "lookedfor" },
		"variant":  func(i *snapshot.Image) { i.Variants[0].Reference.Path = "lookedfor" },
		"formerly": func(i *snapshot.Image) { i.Formerly = append(i.Formerly, ref(t, "a.example/lookedfor")) },
		"name":     func(i *snapshot.Image) { i.ShortName = "lookedfor" },
	} {
		changed := fleet(t)
		change(changed[0])
		next := index.Next(changed)
		require.Same(t, changed[0], next.Resolve("lookedfor").Image, name)
		require.Nil(t, index.Resolve("lookedfor").Image, name)
	}
	changed := fleet(t)
	changed[8].State, changed[9].State = changed[9].State, changed[8].State
	require.Same(t, changed[9], index.Next(changed).Find("twin"), "stable ones go first")
	require.Same(t, one[0], (*names.Index)(nil).Next(one).Find("bookworm"))
	require.Nil(t, index.Next(nil).Find("bookworm"))
}

func TestToolOfASpelling(t *testing.T) {
	for text, tool := range map[string]string{
		"tool-x/img": "x", "tool-a--b/img": "a--b", "tool-a-char.sep-b/img": "a--b", "h.e/tool-a-char.sep-b/img:1": "a--b",
		"tool-x": "", "tool-/img": "", "tool-X/img": "", "tool-a_/img": "", "img": "", "tool-a.b/img": "", "tool-x_-y/img": "x_-y",
	} {
		require.Equal(t, tool, names.Parse(text).Tool(), text)
	}
	_, isTool := inventory.ToolOf("tool-a--b")
	require.False(t, isTool, "Harbor has no such project")
}

// Any text is a spelling, whatever there is.
func FuzzLookup(f *testing.F) {
	p := startPlatform(f, someBuilt...)
	l := p.lookup(f, load(f, someImages), "x")
	for text := range cuts {
		f.Add(text)
	}
	for _, text := range append(someBuilt, "tool-x/@"+p.digest(f, "tool-x/img", "v1"), "localhost:5000/x", "[::1]/x:1") {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		m := l.Resolve(text)
		require.Equal(t, names.Parse(text), m.Spelling)
		require.Equal(t, m.Image == nil, m.Rule == "")
		require.NotEmpty(t, l.Explain(m).Says)
		require.LessOrEqual(t, len(l.Near(text)), 5)
		if m.Image == nil {
			return
		}
		require.NotEqual(t, "secret", toolOf(m), "another tool's private image")
		again := l.Resolve(m.Reference().String())
		require.NotNil(t, again.Image, "its own reference")
		require.Equal(t, m.Image.ShortName, again.Image.ShortName)
	})
}

func toolOf(m names.Match) string {
	if m.Image.Built == nil {
		return ""
	}
	return m.Image.Built.Tool
}
