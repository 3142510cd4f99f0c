// Package gate says what speaks against publishing a change without a thought:
// each objection has a name, by which a maintainer who has thought allows it.
//
// What a change is and whom it breaks is the word of packages compare and
// consumers; whether a catalog is valid at all is package chart's, and nothing
// allows one that is not. The package asks nobody and decides nothing: it lists.
package gate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/compare"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/consumers"
)

// Objection is a reason not to publish.
type Objection struct {
	// Name allows it: a word, or a word, a colon and what is concerned. Equal
	// objections to later versions have the same name.
	Name string `json:"name"`
	// Path is the place in values.yaml that it is about; "" if there is none.
	Path string `json:"path,omitempty"`
	// Reason says what would happen.
	Reason string `json:"reason"`
}

// Words that begin the names of objections which are no kind of change.
const (
	// MostNamesLost: a server that follows a constraint would refuse the version.
	MostNamesLost = "most-names-lost"
	// ObjectDropped: an object of the cluster that the version before rendered
	// would be deleted by the next upgrade.
	ObjectDropped = "object-dropped"
	// OlderVersion: no constraint will pick the version.
	OlderVersion = "older-version"
	// Lint: a rule of package lint finds an error.
	Lint = "lint"
	// NotCompared: the version before is no valid catalog.
	NotCompared = "not-compared"
	// NotRendered: the templates of the version before fail.
	NotRendered = "not-rendered"
)

// Changes objects to every change that breaks somebody. The name is the kind of
// change and what it is about.
func Changes(changes compare.Changes) []Objection {
	var out []Objection
	for _, c := range changes.Breaking() {
		out = append(out, Objection{Name: NameOf(c), Path: c.Path, Reason: c.Reason})
	}
	return out
}

// NameOf is the name of the objection to a change.
func NameOf(c compare.Change) string {
	about := []string{string(c.Kind)}
	for _, part := range []string{c.Image, c.Alias, c.Stack} {
		if part != "" {
			about = append(about, part)
		}
	}
	return strings.Join(about, ":")
}

// Findings objects to every rule that finds an error, once.
func Findings(findings chart.Findings) []Objection {
	var out []Objection
	seen := map[string]bool{}
	for _, f := range findings.Errors() {
		if !seen[f.Rule] {
			seen[f.Rule] = true
			out = append(out, Objection{Name: Lint + ":" + f.Rule, Path: f.Path, Reason: f.Message})
		}
	}
	return out
}

// Consumers objects to what breaks a consumer that read the catalog before: that
// it fails as a whole, cannot start its default, or makes a reference that nothing
// can pull. That one image or spelling is lost to it is a change, to which
// [Changes] objects.
func Consumers(before, now consumers.Result) []Objection {
	var out []Objection
	for _, b := range Breaks(before, now) {
		out = append(out, Objection{Name: b.Name, Reason: b.Consumer + ": " + b.Message})
	}
	return out
}

// Breaks are the breaks to which [Consumers] objects.
func Breaks(before, now consumers.Result) []consumers.Break {
	return slices.DeleteFunc(consumers.Breaks(before, now), func(b consumers.Break) bool {
		return b.Kind != consumers.KindFails && b.Kind != consumers.KindDefault && b.Kind != consumers.KindUnusable
	})
}

// Unreadable objects to following a version that is no valid catalog: nobody can
// tell what changes.
func Unreadable(version string) Objection {
	return Objection{
		Name: NotCompared, Reason: version + ", the version before, is no valid catalog: what changes for those who read it is not known",
	}
}

// Unrendered objects to following a version whose templates fail.
func Unrendered(version string) Objection {
	return Objection{
		Name: NotRendered, Reason: "the templates of " + version + ", the version before, fail: which objects an upgrade deletes is not known",
	}
}

// Names objects to a catalog that keeps less than half of the names of the one
// before, tombstones counted.
func Names(before, now *chart.Catalog) []Objection {
	kept := 0
	for name := range before.Images {
		if now.Images[name] != nil || now.Tombstones[name] != nil {
			kept++
		}
	}
	if had := len(before.Images); 2*kept < had {
		return []Objection{{
			Name:   MostNamesLost,
			Reason: fmt.Sprintf("%d of %d names are left: servers that follow a constraint refuse such a version", kept, had),
		}}
	}
	return nil
}

// Objects objects to each object, written Kind/name, that was rendered before
// and is not now.
func Objects(before, now []string) []Objection {
	var out []Objection
	for _, object := range before {
		if !slices.Contains(now, object) {
			out = append(out, Objection{
				Name: ObjectDropped + ":" + object, Reason: "the version before rendered " + object + ": an upgrade deletes it",
			})
		}
	}
	return out
}

// Version objects to a version that comes before one that is published already.
func Version(published, version string) []Objection {
	before, err1 := semver.NewVersion(published)
	now, err2 := semver.NewVersion(version)
	if err1 != nil || err2 != nil || !now.LessThan(before) {
		return nil
	}
	return []Objection{{
		Name: OlderVersion, Reason: fmt.Sprintf("%s comes before %s, which is published: no constraint will pick it", version, published),
	}}
}

// Left gives the objections that no word allows, and the words that allow
// nothing. A word allows the objection of that name, and if it has no colon
// all whose names begin with it and a colon.
func Left(objections []Objection, allowed []string) (left []Objection, idle []string) {
	used := map[string]bool{}
	for _, o := range objections {
		kind, _, _ := strings.Cut(o.Name, ":")
		switch {
		case slices.Contains(allowed, o.Name):
			used[o.Name] = true
		case slices.Contains(allowed, kind):
			used[kind] = true
		default:
			left = append(left, o)
		}
	}
	for _, word := range allowed {
		if !used[word] {
			idle = append(idle, word)
		}
	}
	return left, idle
}
