package inventory

import (
	"time"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbor"
)

const (
	// fewFailures is how many projects may fail in one round, and a hundredth of
	// those that are asked about, before it is Harbor that fails.
	fewFailures = 3
	// firstPause and longestPause are how long a project that failed twice is left
	// alone: the pause doubles with each failure. After the first it is asked
	// again in the next round.
	firstPause   = 4 * time.Second
	longestPause = 10 * time.Minute
)

// failing is a project that Harbor could not answer about while it answered
// about others: what one tool pushes must not spoil the rest.
type failing struct {
	rows  []harbor.Repository // what is to be read again
	until time.Time
	pause time.Duration
}

// isOwnFailure tells a failure that may be about one project alone, such as an
// answer that is too large, from one that is about us or all of Harbor.
func isOwnFailure(err error) bool {
	switch fault.KindOf(err) {
	case fault.Denied, fault.RateLimited, fault.Usage:
		return false
	}
	return true
}

// note remembers which projects failed and when to ask again, and forgets those
// that were read.
func (i *Inventory) note(r *reading) {
	if r.failure == nil {
		delete(i.book.failing, r.project)
		return
	}
	f, again := i.book.failing[r.project]
	if again {
		f.pause = min(max(2*f.pause, firstPause), longestPause)
	} else {
		i.log.Warn("a project cannot be read; what it held last stays", "project", r.project, "error", r.failure)
	}
	f.until = i.opts.Now().Add(f.pause)
	f.rows = latest(append(f.rows, r.rows...))
	i.book.failing[r.project] = f
}

// due gives the rows of failing projects whose pause is over.
func (b *book) due(now time.Time) []harbor.Repository {
	var rows []harbor.Repository
	for _, f := range b.failing {
		if !now.Before(f.until) {
			rows = append(rows, f.rows...)
		}
	}
	return rows
}

// age marks what a failing project held last as stale. The caller holds the lock.
func (i *Inventory) age(e *edit, r *reading) {
	if before := e.tool(r.project); before != nil && !before.Stale {
		after := *before
		after.Stale = true
		e.put(&after)
	}
}
