package inventory

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

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
	for _, r := range latest(rows) {
		if project, _ := harbor.SplitName(r.Name); i.keeps(project) {
			wanted[project] = wish{rows: append(wanted[project].rows, r)}
		} else {
			others = append(others, r)
		}
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
	readings, err := i.readProjects(ctx, wanted)
	defer func() { i.land(readings...) }()
	overtaken = map[string]wish{}
	i.publish(func(e *edit) {
		for _, r := range readings {
			if !i.write(e, r) {
				overtaken[r.project] = wanted[r.project]
			}
		}
	})
	for _, r := range readings {
		i.book.deny(r)
	}
	return overtaken, err
}

// deny remembers which repositories may not be read, so that they are not asked
// about again before they change or a sweep comes.
func (b *book) deny(r *reading) {
	for _, row := range r.rows {
		if r.denied {
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
		return cmp.Or(strings.Compare(a.Name, b.Name), cmp.Compare(b.ID, a.ID))
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
		left := i.book.leftOut()
		i.publish(func(e *edit) { e.view.LeftOut = left })
	}
}

// readProjects asks about many projects at a time. The first failure ends it;
// what was answered before is given all the same. The readings are the caller's
// to land.
func (i *Inventory) readProjects(ctx context.Context, wanted map[string]wish) ([]*reading, error) {
	var mu sync.Mutex
	var readings []*reading
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(i.opts.Concurrency)
	for project, w := range wanted {
		if ctx.Err() != nil {
			break
		}
		group.Go(func() error {
			r := i.depart(project)
			if err := i.readProject(ctx, r, w); err != nil {
				i.land(r)
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			readings = append(readings, r)
			return nil
		})
	}
	err := group.Wait()
	return readings, err
}

// readProject asks about repositories of one project, or about all of it. One
// that may be listed but not read, or went while it was asked about, stands as
// it was and spoils nothing for the rest.
func (i *Inventory) readProject(ctx context.Context, r *reading, w wish) error {
	r.rows, r.proved = w.rows, len(w.rows) > 0
	err := errNotWhole
	if w.whole || len(w.rows) > 1 && i.pages(r) <= len(w.rows) {
		err = i.readWhole(ctx, r)
	}
	if errors.Is(err, errNotWhole) {
		if w.whole {
			r.rows = i.withRest(r)
		}
		err = i.readRows(ctx, r)
	}
	if mayBeGone(err) {
		r.denied = true
		return nil
	}
	return err
}

// errNotWhole says that a project cannot be asked about in one listing.
var errNotWhole = errors.New("not in one listing")

// readWhole asks for all of a project at once, where Harbor has that.
func (i *Inventory) readWhole(ctx context.Context, r *reading) error {
	if i.oneByOne.Load() {
		return errNotWhole
	}
	artifacts, err := i.harbor.ProjectArtifacts(ctx, r.project)
	if fault.Is(err, fault.Unsupported) {
		i.oneByOne.Store(true)
		return errNotWhole
	}
	if err != nil {
		return err
	}
	r.whole = true
	r.add(artifacts)
	return nil
}

// pages is how many pages the artifacts of a project fill at most.
func (i *Inventory) pages(r *reading) int {
	n := int64(0)
	for _, row := range i.withRest(r) {
		n += row.ArtifactCount
	}
	return int((n + harbor.PageSize - 1) / harbor.PageSize)
}

// withRest gives a reading's rows and, behind them, those of the project's other
// repositories as they were when they were last listed.
func (i *Inventory) withRest(r *reading) []harbor.Repository {
	listed := make(map[string]bool, len(r.rows))
	for _, row := range r.rows {
		listed[row.Name] = true
	}
	rest := slices.DeleteFunc(i.rowsOf(r.project), func(row harbor.Repository) bool { return listed[row.Name] })
	return slices.Concat(r.rows, rest)
}

// readRows asks for the repositories one by one.
func (i *Inventory) readRows(ctx context.Context, r *reading) error {
	for _, row := range r.rows {
		artifacts, err := i.harbor.RepositoryArtifacts(ctx, row.Name)
		if err != nil {
			return err
		}
		_, name := harbor.SplitName(row.Name)
		r.content[name] = artifacts
	}
	return nil
}

// rowsOf gives what is known of a project's repositories in the shape of a
// listing, so that they can be read again.
func (i *Inventory) rowsOf(project string) []harbor.Repository {
	i.mu.Lock() // the bookkeeping is written under it
	defer i.mu.Unlock()
	tool := i.state.Load().View.byProject(project)
	if tool == nil {
		return nil
	}
	rows := make([]harbor.Repository, 0, len(tool.Repositories))
	for _, r := range tool.Repositories {
		rows = append(rows, harbor.Repository{
			ID: r.id, ProjectID: tool.id, Name: project + "/" + r.Name, UpdateTime: time.Unix(0, r.updated), ArtifactCount: r.artifacts,
		})
	}
	return rows
}

// mayBeGone tells an answer that a project is not there (any more), or not for
// us, from a question that could not be asked. That our credential is not
// believed is the latter: fault.Denied.
func mayBeGone(err error) bool { return fault.Is(err, fault.NotFound) }
