package inventory

import (
	"context"
	"time"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbor"
)

// overlap is how far behind the newest change that was seen a round looks again.
// A change shows only when its transaction commits, up to a few hundred
// milliseconds after the time that it is stamped with (120 ms were recorded).
const overlap = 5 * time.Second

// manyPages is how many pages of changes a round reads before it reads
// everything instead.
const manyPages = 10

// Round asks for what changed since the last one, or for everything if it is
// the first or a sweep is due. There must be one round at a time. What a failed
// round learnt is not used: the view stays, with the error.
func (i *Inventory) Round(ctx context.Context) error {
	err := i.ask(ctx)
	i.settle(err)
	return err
}

func (i *Inventory) ask(ctx context.Context) error {
	now := i.opts.Now()
	if !i.book.swept || now.Sub(i.book.lastSweep) >= i.opts.SweepEvery {
		return i.sweep(ctx)
	}
	found, err := i.changes(ctx)
	if err != nil {
		return err
	}
	if found.everything {
		return i.sweep(ctx)
	}
	removals := found.total < i.book.total+found.added
	if removals || found.unknownProject || now.Sub(i.book.proved) >= i.opts.ProofEvery {
		if err := i.prove(ctx); err != nil {
			return err
		}
	}
	if removals {
		// The newest page says that something is gone, not what.
		return i.sweep(ctx)
	}
	if err := i.read(ctx, found.rows, i.turn(), nil); err != nil {
		return err
	}
	i.book.total = found.total
	return nil
}

// found is what the newest pages say.
type found struct {
	rows           []harbor.Repository // changed or new
	added          int                 // how many of them are new
	unknownProject bool                // one is of a project whose privacy is not known
	total          int
	everything     bool // too much changed to go on page by page
}

// changes reads the newest page, and more only while all of it is new.
func (i *Inventory) changes(ctx context.Context) (found, error) {
	var out found
	until := i.book.newest.Add(-overlap)
	for page := 1; ; page++ {
		if page > manyPages {
			out.everything = true
			return out, nil
		}
		got, err := i.harbor.RecentRepositories(ctx, page)
		if err != nil {
			return found{}, err
		}
		out.total = got.Total
		for _, r := range got.Rows {
			if r.UpdateTime.Before(until) {
				return out, nil
			}
			i.consider(r, &out)
		}
		if len(got.Rows) == 0 || page*harbor.PageSize >= got.Total {
			return out, nil
		}
	}
}

func (i *Inventory) consider(r harbor.Repository, out *found) {
	old, known := i.known(r.Name)
	if known && old == rowOf(r) {
		return
	}
	if !known {
		out.added++
	}
	project, _ := harbor.SplitName(r.Name)
	if i.book.identity.Kind != harbor.Anonymous && !i.book.known[project] {
		out.unknownProject = true
	}
	out.rows = append(out.rows, r)
}

func rowOf(r harbor.Repository) row {
	return row{id: r.ID, updated: r.UpdateTime.UnixNano(), artifacts: r.ArtifactCount}
}

// known gives what was last read of a repository.
func (i *Inventory) known(name string) (row, bool) {
	project, rest := harbor.SplitName(name)
	if tool := i.State().View.byProject(project); tool != nil {
		if r := tool.repository(rest); r != nil {
			return row{id: r.ID, updated: r.updated, artifacts: r.artifacts}, true
		}
	}
	r, ok := i.book.others[name]
	return r, ok
}

func (i *Inventory) knownTotal() int { return i.State().View.Repositories + len(i.book.others) }

// settle publishes how the round went, if nothing else was published in it.
func (i *Inventory) settle(err error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	now := i.opts.Now()
	next := *i.state.Load()
	before := next.Err
	next.Err = err
	next.Health.LastAttempt = now
	if err == nil {
		next.Health.LastSuccess = now
	}
	next.Health.LastSweep, next.Health.LastProof = i.book.lastSweep, i.book.proved
	next.Health.Identity, next.Health.Version, next.Health.Plan = i.book.identity, i.book.version, i.book.plan
	i.state.Store(&next)
	if (before == nil) != (err == nil) {
		i.follow(&next)
	}
}

// mayBeGone tells an answer that a project or repository is not there (any
// more) from a question that could not be asked.
func mayBeGone(err error) bool { return fault.Is(err, fault.NotFound) }
