package lint

import (
	"regexp"
	"slices"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/strictyaml"
)

// nameIsRepository looks for names and aliases that are the repository of
// another image: the whole path, which consumers compare with what is typed, or
// its last segment, which people do.
func (l *linter) nameIsRepository() {
	owners := map[string][]string{} // repository → images
	for _, o := range l.offered {
		for _, repository := range []string{o.ref.Path, o.ref.Path[strings.LastIndexByte(o.ref.Path, '/')+1:]} {
			if !slices.Contains(owners[repository], o.image) {
				owners[repository] = append(owners[repository], o.image)
			}
		}
	}
	say := func(path strictyaml.Path, what, word, image string) {
		at := slices.IndexFunc(owners[word], func(owner string) bool { return owner != image })
		if at >= 0 && !slices.Contains(owners[word], image) {
			l.say(path, "%s %q is the repository of %s: give it to that image, or remove it", what, word, owners[word][at])
		}
	}
	for _, n := range l.images {
		say(n.at(), "name", n.name, n.name)
		for i, alias := range n.entry.Aliases {
			say(n.at("aliases").With(strictyaml.Index(i)), "alias", alias, n.name)
		}
	}
}

// stateWords are words of aliases that say a state.
var stateWords = map[string]string{
	"deprecated": chart.StateDeprecated, "obsolete": chart.StateDeprecated, "eol": chart.StateDeprecated,
	"beta": chart.StateBeta, "stable": chart.StateStable,
}

var notWords = regexp.MustCompile(`[^A-Za-z0-9]+`)

// aliasContradictsState compares the words of aliases with the state.
func (l *linter) aliasContradictsState() {
	for _, n := range l.images {
		state := l.state(n.entry.State, n.entry.Lifecycle)
		for i, alias := range n.entry.Aliases {
			for _, word := range notWords.Split(alias, -1) {
				if said := stateWords[strings.ToLower(word)]; said != "" && state != "" && said != state {
					l.say(n.at("aliases").With(strictyaml.Index(i)), "alias %q says %s, and %s is %s: mend the state, or remove the alias", alias, word, n.name, state)
					break
				}
			}
		}
	}
}

// shortName is the form of the short names that people know: a word, and
// perhaps a version.
var shortName = regexp.MustCompile(`^([a-z]+)([0-9][0-9.]*)?$`)

// aliasReadsAsName looks for aliases that have the word of their image's short
// name and nothing else but a version: "python" of python3.4.
func (l *linter) aliasReadsAsName() {
	for _, n := range l.images {
		own := shortName.FindStringSubmatch(n.name)
		if own == nil {
			continue
		}
		for i, alias := range n.entry.Aliases {
			if m := shortName.FindStringSubmatch(alias); m != nil && m[1] == own[1] && alias != n.name {
				l.say(n.at("aliases").With(strictyaml.Index(i)), "alias %q reads like a short name, and means %s", alias, n.name)
			}
		}
	}
}
