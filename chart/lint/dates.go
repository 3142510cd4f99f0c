package lint

import (
	"maps"
	"slices"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/strictyaml"
)

// state gives the state as of today, or as written where nobody said which day
// it is.
func (l *linter) state(written string, life chart.Lifecycle) string {
	if l.opts.Today == "" {
		return written
	}
	return life.On(written, l.opts.Today)
}

// aging is what has a state and dates: an image or a stack.
type aging struct {
	path  strictyaml.Path
	name  string
	state string
	life  chart.Lifecycle
}

// aging gives all that ages, if there is a day to compare with.
func (l *linter) aging() []aging {
	if l.opts.Today == "" {
		return nil
	}
	var out []aging
	for _, n := range l.images {
		out = append(out, aging{n.at(), n.name, n.entry.State, n.entry.Lifecycle})
	}
	for _, name := range slices.Sorted(maps.Keys(l.catalog.Stacks)) {
		stack := l.catalog.Stacks[name]
		out = append(out, aging{strictyaml.Keys("stacks", name), name, stack.State, stack.Lifecycle})
	}
	return out
}

// come tells whether a day is there and has come.
func (l *linter) come(day chart.Date) bool { return day != "" && day <= l.opts.Today }

func (l *linter) stateLagsDates() {
	for _, a := range l.aging() {
		if l.come(a.life.Removed) || l.state(a.state, a.life) == a.state {
			continue // what is removed is another rule's
		}
		since := a.life.Deprecated
		if since == "" {
			since = a.life.Unsupported
		}
		l.say(a.path.With(strictyaml.Key("state")), "%s is %s by its state and deprecated since %s by its dates: write deprecated", a.name, a.state, since)
	}
}

func (l *linter) stateAheadOfDates() {
	for _, a := range l.aging() {
		if day := a.life.Deprecated; a.state == chart.StateDeprecated && day > l.opts.Today {
			l.say(a.path.With(strictyaml.Key("state")), "%s is deprecated by its state and only from %s on by its dates: mend one of the two", a.name, day)
		}
	}
}

func (l *linter) removalDue() {
	for _, a := range l.aging() {
		if l.come(a.life.Removed) {
			l.say(a.path.With(strictyaml.Key("lifecycle"), strictyaml.Key("removed")), "%s was removed on %s: make a tombstone of it", a.name, a.life.Removed)
		}
	}
}

func (l *linter) tombstoneInFuture() {
	for _, name := range slices.Sorted(maps.Keys(l.catalog.Tombstones)) {
		if day := l.catalog.Tombstones[name].Date; l.opts.Today != "" && day > l.opts.Today {
			l.say(strictyaml.Keys("tombstones", name, "date"), "%s is gone already for everybody who asks: until %s keep it as an image with lifecycle.removed", name, day)
		}
	}
}
