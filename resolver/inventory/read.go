package inventory

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbor"
)

// reading is what one question about a project answered.
type reading struct {
	project string
	asked   int64 // when it began, in the order of questions
	whole   bool  // repositories that are not in it have no artifacts
	rows    []harbor.Repository
	content map[string][]harbor.Artifact // by repository, below the project
	denied  bool
}

// read asks what changed repositories hold, and publishes the answers at once.
// again are projects that are read whole whether they changed or not. gone, if
// not nil, tells which of the known repositories are no more.
func (i *Inventory) read(ctx context.Context, rows []harbor.Repository, again []string, gone func(name string) bool) error {
	var others []harbor.Repository
	byProject := map[string][]harbor.Repository{}
	for _, r := range rows {
		if project, _ := harbor.SplitName(r.Name); i.keeps(project) {
			byProject[project] = append(byProject[project], r)
		} else {
			others = append(others, r)
		}
	}
	for _, project := range again {
		if _, changed := byProject[project]; !changed {
			byProject[project] = nil
		}
	}
	readings, err := i.readProjects(ctx, byProject)
	if err != nil {
		return err
	}
	i.publish(func(e *edit) {
		for _, r := range readings {
			i.write(e, r)
		}
		if gone != nil {
			i.drop(e, gone)
		}
	})
	for _, r := range readings {
		if r.denied {
			others = append(others, r.rows...) // asked again when they change
		}
	}
	i.note(rows, others, gone)
	return nil
}

// keeps tells whether the repositories of a project are of interest.
func (i *Inventory) keeps(project string) bool {
	if _, isTool := ToolOf(project); isTool {
		return true
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.kept[project]
}

// note remembers what the listings said, once it is published.
func (i *Inventory) note(rows, others []harbor.Repository, gone func(string) bool) {
	for _, r := range others {
		i.book.others[r.Name] = rowOf(r)
	}
	if gone != nil {
		for name := range i.book.others {
			if gone(name) {
				delete(i.book.others, name)
			}
		}
	}
	for _, r := range rows {
		if r.UpdateTime.After(i.book.newest) {
			i.book.newest = r.UpdateTime
		}
	}
}

// readProjects asks about many projects at a time. The first failure ends it.
func (i *Inventory) readProjects(ctx context.Context, byProject map[string][]harbor.Repository) ([]reading, error) {
	var mu sync.Mutex
	var readings []reading
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(i.opts.Concurrency)
	for project, rows := range byProject {
		group.Go(func() error {
			r, err := i.readProject(ctx, project, rows)
			if err != nil {
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

// readProject asks about the repositories of one project: in one listing where
// Harbor has it and more than one is wanted, else one by one. No rows at all
// means the whole project.
func (i *Inventory) readProject(ctx context.Context, project string, rows []harbor.Repository) (reading, error) {
	if len(rows) == 0 && i.oneByOne.Load() {
		rows = i.rowsOf(project)
	}
	r := reading{project: project, asked: i.question(), rows: rows, content: map[string][]harbor.Artifact{}}
	if len(rows) != 1 && !i.oneByOne.Load() {
		artifacts, err := i.harbor.ProjectArtifacts(ctx, project)
		switch {
		case err == nil:
			r.whole = true
			r.add(artifacts)
			return r, nil
		case fault.Is(err, fault.Unsupported):
			i.oneByOne.Store(true)
		default:
			return i.tolerate(r, err)
		}
	}
	for _, row := range rows {
		artifacts, err := i.harbor.RepositoryArtifacts(ctx, row.Name)
		if err != nil {
			return i.tolerate(r, err)
		}
		_, name := harbor.SplitName(row.Name)
		r.content[name] = artifacts
	}
	return r, nil
}

// rowsOf gives what is known of a project's repositories in the shape of a
// listing, so that they can be read again.
func (i *Inventory) rowsOf(project string) []harbor.Repository {
	tool := i.State().View.byProject(project)
	if tool == nil {
		return nil
	}
	i.mu.Lock() // the bookkeeping is written under it
	defer i.mu.Unlock()
	rows := make([]harbor.Repository, 0, len(tool.Repositories))
	for _, r := range tool.Repositories {
		rows = append(rows, harbor.Repository{
			ID: r.ID, Name: project + "/" + r.Name, UpdateTime: time.Unix(0, r.updated), ArtifactCount: r.artifacts,
		})
	}
	return rows
}

// tolerate lets a project that may be listed but not read, or that went while
// it was asked about, stand as it was, so that it spoils nothing for the rest.
func (i *Inventory) tolerate(r reading, err error) (reading, error) {
	if mayBeGone(err) || fault.Is(err, fault.Denied) {
		r.denied = true
		return r, nil
	}
	return r, err
}

// question gives the number of a question about a project. Answers are put into
// the view in the order in which their questions began, so that an answer that
// is overtaken by a newer one takes nothing back.
func (i *Inventory) question() int64 {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.asked++
	return i.asked
}

// write puts a reading into the view. The caller holds the lock.
func (i *Inventory) write(e *edit, r reading) {
	if r.denied || i.applied[r.project] > r.asked {
		return
	}
	i.applied[r.project] = r.asked
	before := e.tool(r.project)
	tool := before
	for _, row := range r.rows {
		_, name := harbor.SplitName(row.Name)
		fresh := &Repository{
			ID: row.ID, Name: name, Images: imagesOf(r.content[name]),
			updated: row.UpdateTime.UnixNano(), artifacts: row.ArtifactCount,
		}
		if old := tool.repository(name); old != nil && old.ID == fresh.ID && old.sameImages(fresh) {
			// It was pulled, or written without a change: nobody needs to know.
			old.updated, old.artifacts = fresh.updated, fresh.artifacts
			continue
		}
		tool = tool.withRepository(name, fresh)
	}
	if r.whole {
		tool = i.rewrite(tool, r)
	}
	if private := i.isPrivate(r.project); tool == before && tool.Private != private {
		changed := *tool
		tool = &changed
	}
	if tool != before {
		tool.Private = i.isPrivate(r.project)
		e.put(tool)
	}
}

// rewrite brings the repositories of a whole listing that were not asked for by
// row up to date as well. One that no listing has named yet gets its row from
// the next.
func (i *Inventory) rewrite(tool *Tool, r reading) *Tool {
	asked := map[string]bool{}
	for _, row := range r.rows {
		_, name := harbor.SplitName(row.Name)
		asked[name] = true
	}
	names := slices.Collect(maps.Keys(r.content))
	for _, old := range tool.Repositories {
		if _, listed := r.content[old.Name]; !listed {
			names = append(names, old.Name)
		}
	}
	for _, name := range names {
		if asked[name] {
			continue
		}
		fresh := &Repository{Name: name, Images: imagesOf(r.content[name])}
		if old := tool.repository(name); old != nil {
			fresh.ID, fresh.updated, fresh.artifacts = old.ID, old.updated, old.artifacts
			if old.sameImages(fresh) {
				continue
			}
		}
		tool = tool.withRepository(name, fresh)
	}
	return tool
}

// drop takes out of the view what is no more. The caller holds the lock.
func (i *Inventory) drop(e *edit, gone func(name string) bool) {
	var changed []*Tool
	e.walk(func(t *Tool) {
		out := t
		for _, r := range t.Repositories {
			if gone(t.Project + "/" + r.Name) {
				out = out.withRepository(r.Name, nil)
			}
		}
		if out != t {
			changed = append(changed, out)
		}
	})
	for _, t := range changed {
		e.put(t)
	}
}
