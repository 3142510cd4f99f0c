package lint

import (
	"fmt"
	"maps"
	"slices"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/strictyaml"
)

// replacedByRetired looks for successors that are on their way out themselves.
func (l *linter) replacedByRetired() {
	for _, n := range l.images {
		l.successor(n.at("replacedBy"), n.entry.ReplacedBy)
	}
	for _, name := range slices.Sorted(maps.Keys(l.catalog.Tombstones)) {
		l.successor(strictyaml.Keys("tombstones", name, "replacedBy"), l.catalog.Tombstones[name].ReplacedBy)
	}
	for _, name := range slices.Sorted(maps.Keys(l.catalog.Stacks)) {
		next := l.catalog.Stacks[name].ReplacedBy
		if stack := l.catalog.Stacks[next]; stack != nil && next != name && l.state(stack.State, stack.Lifecycle) == chart.StateDeprecated {
			l.say(strictyaml.Keys("stacks", name, "replacedBy"), "stack %s is deprecated itself: name one that is not", next)
		}
	}
}

func (l *linter) successor(path strictyaml.Path, next string) {
	what := ""
	switch entry := l.catalog.Images[next]; {
	case next == "":
		return
	case entry != nil && l.state(entry.State, entry.Lifecycle) == chart.StateDeprecated:
		what = "deprecated"
	case entry == nil && l.catalog.Tombstones[next] != nil:
		what = "removed"
	default:
		return
	}
	hint := "name an image that is stable"
	if last := l.catalog.SuccessorOf(next); last != "" {
		hint = fmt.Sprintf("name %s, where its own replacedBy leads", last)
	}
	l.say(path, "%s is %s itself: %s", next, what, hint)
}

// stackCircle follows what replaces each stack.
func (l *linter) stackCircle() {
	for _, name := range slices.Sorted(maps.Keys(l.catalog.Stacks)) {
		seen := map[string]bool{}
		next := name
		for stack := l.catalog.Stacks[next]; stack != nil && !seen[next]; stack = l.catalog.Stacks[next] {
			seen[next] = true
			next = stack.ReplacedBy
		}
		if next == name {
			l.say(strictyaml.Keys("stacks", name, "replacedBy"), "following replacedBy from %q leads back to it", name)
		}
	}
}
