package inventory

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbor"
)

// tries is how often a question is asked whose answer was overtaken by another.
const tries = 3

var errOvertaken = fault.New(fault.Unreachable, "ask harbor", "", "each answer about a project was overtaken by another one")

// read asks what listed repositories hold, and publishes the answers at once.
// again are projects that are read whole whether they changed or not. What was
// answered before a failure is published too: it is true whatever failed, and
// need not be asked again.
func (i *Inventory) read(ctx context.Context, rows []harbor.Repository, again []string) error {
	var others []harbor.Repository
	wanted := map[string][]harbor.Repository{} // by project
	for _, r := range rows {
		if project, _ := harbor.SplitName(r.Name); i.keeps(project) {
			wanted[project] = append(wanted[project], r)
		} else {
			others = append(others, r)
		}
	}
	for _, project := range again {
		if _, changed := wanted[project]; !changed {
			wanted[project] = nil
		}
	}
	for range tries {
		var err error
		if wanted, err = i.readOnce(ctx, wanted); err != nil {
			return err
		}
		if len(wanted) == 0 {
			i.note(rows, others)
			return nil
		}
	}
	return errOvertaken
}

// readOnce reads projects, and gives those whose answers were overtaken.
func (i *Inventory) readOnce(ctx context.Context, wanted map[string][]harbor.Repository) (overtaken map[string][]harbor.Repository, err error) {
	readings, err := i.readProjects(ctx, wanted)
	defer func() { i.land(readings...) }()
	overtaken = map[string][]harbor.Repository{}
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

// note remembers what the listings said, once all of it is published.
func (i *Inventory) note(rows, others []harbor.Repository) {
	before := len(i.book.others)
	for _, r := range others {
		i.book.others[r.Name] = rowOf(r)
	}
	if len(i.book.others) != before {
		left := i.book.leftOut()
		i.publish(func(e *edit) { e.view.LeftOut = left })
	}
	for _, r := range rows {
		if r.UpdateTime.After(i.book.newest) {
			i.book.newest = r.UpdateTime
		}
	}
}

// readProjects asks about many projects at a time. The first failure ends it;
// what was answered before is given all the same. The readings are the caller's
// to land.
func (i *Inventory) readProjects(ctx context.Context, wanted map[string][]harbor.Repository) ([]*reading, error) {
	var mu sync.Mutex
	var readings []*reading
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(i.opts.Concurrency)
	for project, rows := range wanted {
		if ctx.Err() != nil {
			break
		}
		group.Go(func() error {
			r := i.depart(project)
			if err := i.readProject(ctx, r, rows); err != nil {
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

// readProject asks about repositories of one project, or about all of it if
// there are no rows. One that may be listed but not read, or went while it was
// asked about, stands as it was and spoils nothing for the rest.
func (i *Inventory) readProject(ctx context.Context, r *reading, rows []harbor.Repository) error {
	r.proved = len(rows) > 0
	if r.rows = rows; len(rows) == 0 && i.oneByOne.Load() {
		r.rows = i.rowsOf(r.project)
	}
	err := i.readWhole(ctx, r)
	if errors.Is(err, errNotWhole) {
		err = i.readRows(ctx, r)
	}
	if mayBeGone(err) {
		r.denied = true
		return nil
	}
	return err
}

// errNotWhole says that a project is better asked about one by one.
var errNotWhole = errors.New("not in one listing")

// readWhole asks for all of a project at once, where Harbor has that and it
// takes no more pages than the rows would take questions.
func (i *Inventory) readWhole(ctx context.Context, r *reading) error {
	if i.oneByOne.Load() || len(r.rows) > 0 && i.pages(r) > len(r.rows) || len(r.rows) == 1 {
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
	listed := make(map[string]bool, len(r.rows))
	for _, row := range r.rows {
		n += row.ArtifactCount
		listed[row.Name] = true
	}
	for _, row := range i.rowsOf(r.project) {
		if !listed[row.Name] {
			n += row.ArtifactCount
		}
	}
	return int((n + harbor.PageSize - 1) / harbor.PageSize)
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
