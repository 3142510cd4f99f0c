package inventory

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbor"
)

// tries is how often a question is asked whose answer was overtaken by another.
const tries = 3

var errOvertaken = fault.New(fault.Unreachable, "ask harbor", "", "each answer about a project was overtaken by another one")

// wish is what is to be read of a project: repositories that were listed, and
// perhaps the rest of it too.
type wish struct {
	rows  []harbor.Repository
	whole bool
}

// read asks what listed repositories hold, and publishes the answers at once.
// again are projects that are read whole whether they changed or not. What was
// answered before a failure is published too: it is true whatever failed, and
// need not be asked again.
func (i *Inventory) read(ctx context.Context, rows []harbor.Repository, again []string) error {
	var others []harbor.Repository
	wanted := map[string]wish{} // by project
	rows = latest(rows)         // in which those of a project stand together
	for len(rows) > 0 {
		project, _ := harbor.SplitName(rows[0].Name)
		n := 1
		for n < len(rows) && strings.HasPrefix(rows[n].Name, project+"/") {
			n++
		}
		if i.keeps(project) {
			wanted[project] = wish{rows: rows[:n:n]}
		} else {
			others = append(others, rows[:n]...)
		}
		rows = rows[n:]
	}
	for _, project := range again {
		wanted[project] = wish{rows: wanted[project].rows, whole: true}
	}
	for range tries {
		var err error
		if wanted, err = i.readOnce(ctx, wanted); err != nil {
			return err
		}
		if len(wanted) == 0 {
			i.leaveOut(others)
			return nil
		}
	}
	return errOvertaken
}

// readOnce reads projects, and gives those whose answers were overtaken.
func (i *Inventory) readOnce(ctx context.Context, wanted map[string]wish) (overtaken map[string]wish, err error) {
	var readings []*reading
	err = i.proving(ctx, func(ctx context.Context) (err error) {
		readings, err = i.readProjects(ctx, wanted)
		return err
	})
	defer func() { i.land(readings...) }()
	if err == nil {
		err = i.proveAgain(ctx)
	}
	overtaken = map[string]wish{}
	i.publish(func(e *edit) {
		for _, r := range readings {
			switch {
			case r.failure != nil:
				i.age(e, r)
			case !i.write(e, r):
				overtaken[r.project] = wanted[r.project]
			}
		}
	})
	for _, r := range readings {
		i.book.deny(r)
		i.note(r)
	}
	return overtaken, err
}

// deny remembers which repositories may not be read, so that they are not asked
// about again before they change or a sweep comes.
func (b *book) deny(r *reading) {
	for _, row := range r.rows {
		if r.denied || r.failure != nil {
			b.denied[row.Name] = rowOf(row)
		} else {
			delete(b.denied, row.Name)
		}
	}
}

// keeps tells whether the repositories of a project are of interest.
func (i *Inventory) keeps(project string) bool {
	if isTool(project) {
		return true
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	_, kept := i.kept[project]
	return kept
}

// latest gives each name once: a repository that was deleted and made anew while
// it was listed may come as both, and the newer one has the greater number.
func latest(rows []harbor.Repository) []harbor.Repository {
	rows = slices.Clone(rows)
	slices.SortFunc(rows, func(a, b harbor.Repository) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), cmp.Compare(b.ID, a.ID), b.UpdateTime.Compare(a.UpdateTime))
	})
	return slices.CompactFunc(rows, func(a, b harbor.Repository) bool { return a.Name == b.Name })
}

// leaveOut notes what is in projects that are not kept.
func (i *Inventory) leaveOut(others []harbor.Repository) {
	before := len(i.book.others)
	for _, r := range others {
		i.book.others[r.Name] = rowOf(r)
	}
	if len(i.book.others) != before {
		i.publish(func(e *edit) { e.view.LeftOut = i.book.leftOut(i.privacy) })
	}
}

// readProjects asks about many projects at a time. A few may fail by themselves;
// any other failure ends it, and what was answered before is given all the same,
// unless most of it contradicts the listing that led to it.
// The readings are the caller's to land.
func (i *Inventory) readProjects(ctx context.Context, wanted map[string]wish) ([]*reading, error) {
	var mu sync.Mutex
	var readings, failed []*reading
	tolerated := max(fewFailures, len(wanted)/100)
	err := i.eachOf(ctx, slices.Collect(maps.Keys(wanted)), func(ctx context.Context, project string) error {
		r := i.depart(project)
		err := i.readProject(ctx, r, wanted[project])
		mu.Lock()
		defer mu.Unlock()
		switch {
		case err == nil:
			readings = append(readings, r)
		case len(failed) < tolerated && ctx.Err() == nil && isOwnFailure(err):
			r.failure = err
			failed = append(failed, r)
		default:
			i.land(r)
			return err
		}
		return nil
	})
	if err != nil {
		i.land(failed...) // it was not theirs alone
		return readings, err
	}
	contradicting := 0
	for _, r := range readings {
		if i.contradicts(r) {
			contradicting++
		}
	}
	if contradicting > fewFailures && 2*contradicting >= len(wanted) {
		for _, r := range append(readings, failed...) {
			i.land(r)
		}
		return nil, errContradiction(contradicting)
	}
	return append(readings, failed...), nil
}

// eachOf calls f for each project, some at a time, until one fails. The same
// goroutines go from project to project: each new one would have to find out anew
// how much stack a question takes, and that was a tenth of its work.
func (i *Inventory) eachOf(ctx context.Context, projects []string, f func(context.Context, string) error) error {
	var next atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	for range min(i.opts.Concurrency, len(projects)) {
		group.Go(func() error {
			for {
				n := int(next.Add(1)) - 1
				switch {
				case n >= len(projects):
					return nil
				case ctx.Err() != nil: // one that was not asked was not answered either
					return fault.Wrap(fault.Unreachable, "ask harbor", "", context.Cause(ctx))
				}
				if err := f(ctx, projects[n]); err != nil {
					return err
				}
			}
		})
	}
	return group.Wait()
}
