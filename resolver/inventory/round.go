package inventory

import (
	"context"
	"time"

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
// the first or a sweep is due. There must be one round at a time. The error is
// in the state too. What was learnt before a failure is kept, and the next round
// goes on from there.
func (i *Inventory) Round(ctx context.Context) error {
	err := i.ask(ctx)
	i.settle(err)
	return err
}

func (i *Inventory) ask(ctx context.Context) error {
	i.forgetKept()
	now := i.opts.Now()
	if !i.book.swept || !now.Before(i.book.nextSweep) {
		return i.sweep(ctx, 0)
	}
	base := i.State().View
	found, err := i.changes(ctx, base)
	if err != nil {
		return err
	}
	accept, implausible := i.emptied(base, found.rows)
	if surplus := found.surplus(&i.book, base); found.everything || implausible || surplus != 0 && surplus != i.book.unexplained {
		return i.sweep(ctx, surplus)
	}
	if found.unproved || now.Sub(i.book.proved) >= i.opts.ProofEvery {
		if err := i.prove(ctx, base, found.list()); err != nil {
			return err
		}
	}
	turn := i.turn(base)
	rows := append(found.list(), i.book.due(now)...)
	if err := i.read(ctx, rows, turn.projects); err != nil {
		return err
	}
	i.book.rescan = turn.after
	accept()
	i.book.note(rows, now, i.opts.Now())
	return nil
}

// found is what the newest pages say.
type found struct {
	rows       map[string]harbor.Repository // changed or new, by name
	added      int                          // how many of them are new
	unproved   bool                         // one is of a project that the last proof does not cover
	total      int                          // how many repositories there were when the first page was read
	everything bool                         // too much changed to go on page by page
}

// surplus is how many repositories Harbor counts beyond those that are known or
// were found. Less than none: some are gone. More: some came without a new
// update_time, because their project turned public. A page of the newest says
// neither which; only a sweep does.
func (f *found) surplus(b *book, base *View) int { return f.total - b.expected(base) - f.added }

func (f *found) list() []harbor.Repository {
	rows := make([]harbor.Repository, 0, len(f.rows))
	for _, r := range f.rows {
		rows = append(rows, r)
	}
	return rows
}

// changes reads the newest page, and more only while they do not reach back to
// the last round. All rows of a page are looked at, however old: they cost
// nothing more, and a clock may have been set.
func (i *Inventory) changes(ctx context.Context, base *View) (*found, error) {
	out := &found{rows: map[string]harbor.Repository{}}
	until := i.book.until()
	for page := 1; page <= manyPages; page++ {
		got, err := i.harbor.RecentRepositories(ctx, page)
		if err != nil {
			return nil, err
		}
		if page == 1 {
			out.total = got.Total
		}
		oldest := until
		for _, r := range got.Rows {
			i.consider(base, r, out)
			oldest = r.UpdateTime
		}
		if len(got.Rows) == 0 || page*harbor.PageSize >= got.Total || oldest.Before(until) {
			return out, nil
		}
	}
	out.everything = true
	return out, nil
}

// consider takes a row if it is news.
func (i *Inventory) consider(base *View, r harbor.Repository, out *found) {
	old, known := i.book.known(base, r.Name)
	if known && old == rowOf(r) {
		return
	}
	if _, twice := out.rows[r.Name]; !twice && !known {
		out.added++
	}
	if project, _ := harbor.SplitName(r.Name); isTool(project) && !i.isProved(base, project, r) {
		out.unproved = true
	}
	out.rows[r.Name] = r
}

func isTool(project string) bool {
	_, ok := ToolOf(project)
	return ok
}
