package names_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/names"
)

// intended are the differences from jobs-api that are wanted, and why. Each of
// them has to occur, or there is none.
var intended = map[string]string{
	"variant":   "the repository of any variant leads to its image; jobs-api knows one reference of each",
	"exactness": "the more exact rule decides, whatever the order of the file",
	"formerly":  "a reference that an image had once still leads to it",
	"separator": "a project such as tool-a-char.sep-b is one, though jobs-api takes its dot for a host's",
	"doubled":   "tool-a--b/… means the project that Harbor has for it, which jobs-api does not look into",
}

// Whatever is spelled, the answer is jobs-api's, but for what is intended.
func TestTheAnswerIsThatOfJobsAPI(t *testing.T) {
	p := startPlatform(t,
		"tool-x/img:v1", "tool-x/img:latest", "tool-x/img:v2", "tool-x/deep/er:v1", "tool-x/deep/er:v2", "tool-x/tool-x:latest",
		"tool-y/img:old", "tool-y/golang:latest", "tool-a-char.sep-b/app:latest", "tool-a-char.sep-b/app:v1",
	)
	repositories := []string{"tool-x/img", "tool-x/deep/er", "tool-x/tool-x", "tool-y/img", "tool-y/golang", "tool-a-char.sep-b/app"}
	theirs := &jobsAPI{tagged: map[string][]tagged{}}
	for _, repository := range repositories {
		project, _, _ := strings.Cut(repository, "/")
		theirs.tagged[project] = append(theirs.tagged[project], p.artifacts(t, repository)...)
	}
	seen, answers := map[string]bool{}, map[string]int{}
	for file, text := range catalogs(t) {
		theirs.catalog = readFile(t, text)
		ours := p.lookup(t, load(t, "images:\n  "+strings.ReplaceAll(string(bytes.TrimSpace(text)), "\n", "\n  ")), "x")
		for _, spelling := range spellings(theirs) {
			want, got := theirs.resolve(spelling), ours.Resolve(spelling)
			difference := compare(theirs, want, got)
			if difference != "" {
				require.Contains(t, intended, difference, "%s: %q is %+v for jobs-api and %s by %s here", file, spelling, want, nameOf(got), got.Rule)
				seen[difference] = true
				continue
			}
			answers[fmt.Sprintf("%s, found %t", want.kind, want.exists)]++
		}
	}
	for difference, why := range intended {
		require.True(t, seen[difference], "%s: %s", difference, why)
	}
	for _, kind := range []string{"standard, found true", "standard, found false", "buildservice, found true", "buildservice, found false"} {
		require.Greater(t, answers[kind], 400, kind)
	}
}

// madeUp is a catalog that needs what the real ones do not.
const madeUp = `by-path: {state: stable, image: one.example/exact}
exact: {state: stable, image: one.example/other}
moved: {state: stable, image: one.example/moved, formerly: [old.example/was-here]}
`

// catalogs are the real ones and one that is made up, by the name of the file.
func catalogs(t *testing.T) map[string][]byte {
	t.Helper()
	all := map[string][]byte{"made up": []byte(madeUp)}
	for _, file := range []string{"images-v1.yaml", "images-v1-flat-sample.yaml", "images-v1-harbor.yaml"} {
		text, err := os.ReadFile(filepath.Join("../../testdata/catalogs", file))
		require.NoError(t, err)
		all[file] = text
	}
	return all
}

func nameOf(m names.Match) string {
	if m.Image == nil {
		return "nothing"
	}
	return m.ShortName()
}

// compare gives "" if both say the same, or the word for how they differ.
func compare(theirs *jobsAPI, want jobsImage, got names.Match) string {
	s := got.Spelling
	switch {
	case !want.exists && got.Image == nil:
		same := want.short == s.ShortName() && want.host == s.Host && want.path == s.Path() && want.tag == s.Tag && want.digest == s.Digest
		switch {
		case same:
			return ""
		case strings.Contains(want.host, "char.sep"):
			return "separator"
		}
		return "parts"
	case got.Image == nil:
		return "lost"
	case want.exists && want.project != "":
		if slices.Contains(want.anyOf, got.ShortName()) && isBest(want.anyOf, got.ShortName()) {
			return ""
		}
		return "choice"
	case want.exists && want.short == got.ShortName() && want.host == got.Reference().Host && want.path == got.Reference().Path && want.tag == got.Reference().Tag:
		return ""
	case want.exists && slices.ContainsFunc(theirs.catalog, func(e entry) bool { return e.name == got.Image.ShortName }):
		return "exactness"
	case !want.exists && strings.Contains(want.host, "char.sep"):
		return "separator"
	case !want.exists && strings.Contains(want.project, "--") || strings.Contains(want.project, "char.sep"):
		return "doubled"
	case !want.exists && got.Rule == names.RuleVariant:
		return "variant"
	case !want.exists && got.Rule == names.RuleFormerly:
		return "formerly"
	}
	return "invented"
}

// isBest tells whether the choice is latest wherever latest is among what
// matches.
func isBest(all []string, choice string) bool {
	latest := func(name string) bool { return strings.Contains(name, ":latest") }
	return latest(choice) || !slices.ContainsFunc(all, latest)
}

// spellings gives what people could write, right and wrong: every name and
// repository, with and without host, tag and digest, and all of that damaged.
func spellings(j *jobsAPI) []string {
	paths := map[string]bool{"": true, "tool-x": true, "tool-x/": true, "tool-none/img": true, "tool-/x": true, "tool-a--b/app": true, "mainframe": true, "was-here": true}
	hosts := map[string]bool{"": true, harborHost + "/": true, "other.example:5000/": true, "nodot/": true, "old.example/": true}
	for _, e := range j.catalog {
		hosts[e.host+"/"] = true
		for _, name := range append([]string{e.name, e.path, e.path + "-web", strings.Replace(e.path, "-base", "-web", 1)}, e.aliases...) {
			paths[name] = true
		}
	}
	digests := map[string]bool{"": true, "@sha:123": true, "@sha256:" + strings.Repeat("0", 64): true}
	for _, images := range j.tagged {
		for _, i := range images {
			paths[i.repository] = true
			digests["@"+i.digest] = true
		}
	}
	var all []string
	for _, host := range sorted(hosts) {
		for _, path := range sorted(paths) {
			for _, tag := range []string{"", ":latest", ":v1", ":", ":x:y"} {
				for _, digest := range sorted(digests) {
					all = append(all, host+path+tag+digest)
				}
			}
		}
	}
	random := rand.New(rand.NewPCG(2026, 7))
	for range 20_000 {
		all = append(all, damage(random, all[random.IntN(len(all))]))
	}
	return all
}

func sorted(set map[string]bool) []string {
	var out []string
	for word := range set {
		out = append(out, word)
	}
	slices.Sort(out)
	return out
}

// damage cuts a piece out of a text, or puts one in.
func damage(random *rand.Rand, text string) string {
	at := random.IntN(len(text) + 1)
	if random.IntN(2) == 0 {
		return text[:at] + text[min(len(text), at+1+random.IntN(3)):]
	}
	pieces := []string{"/", ":", "@", ".", "tool-", "x", "latest", "-", " ", "é"}
	return text[:at] + pieces[random.IntN(len(pieces))] + text[at:]
}
