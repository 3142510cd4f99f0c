package inventory

import (
	"context"
	"errors"
	"slices"
	"time"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbor"
)

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
		r.add(artifacts)
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
