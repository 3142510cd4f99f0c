package inventory

import (
	"context"
	"errors"
	"sync"

	"golang.org/x/sync/errgroup"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbor"
)

// fewAtATime bounds the questions of one [Inventory.Refresh].
const fewAtATime = 8

// Refresh asks what one tool's project holds, now, and publishes the answer. It
// is for whoever cannot wait for the next round, and goes beside it. A tool that
// has built nothing yet is no error. A project that is gone is left for the next
// round: Harbor answers about one that is not there as about one that we may not
// read, and only its count tells.
//
// Errors: fault.Usage for what is no tool's name (nothing is asked), and those
// of the client where nobody could be asked; the view stays then.
func (i *Inventory) Refresh(ctx context.Context, tool string) error {
	project, ok := ProjectOf(tool)
	if !ok {
		return fault.New(fault.Usage, "ask harbor", "", "%q is no tool's name", tool)
	}
	if !harbor.ValidProject(project) {
		return nil // it is too long for Harbor: there is no such project to ask about
	}
	return i.refresh(ctx, project)
}

func (i *Inventory) refresh(ctx context.Context, project string) error {
	for range tries {
		written, err := i.refreshOnce(ctx, project)
		if err != nil || written {
			return err
		}
	}
	return errOvertaken
}

// refreshOnce tells whether the answer is in the view: not so if another
// overtook it.
func (i *Inventory) refreshOnce(ctx context.Context, project string) (written bool, err error) {
	r := i.depart(project)
	defer i.land(r)
	if err := i.readNow(ctx, r); err != nil {
		return false, err
	}
	if i.loses(r) {
		if err := i.proveStill(ctx); err != nil {
			return false, err
		}
	}
	i.publish(func(e *edit) { written = i.write(e, r) })
	return written, nil
}

// readNow reads a whole project without a listing's rows to go by.
func (i *Inventory) readNow(ctx context.Context, r *reading) error {
	err := i.readWhole(ctx, r)
	if errors.Is(err, errNotWhole) {
		err = i.readListed(ctx, r)
	}
	if mayBeGone(err) {
		r.denied = true
		return nil
	}
	return err
}

// readListed lists the repositories of a project and asks for each.
func (i *Inventory) readListed(ctx context.Context, r *reading) error {
	rows, err := i.harbor.ProjectRepositories(ctx, r.project)
	if err != nil {
		return err
	}
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(fewAtATime)
	for _, row := range rows {
		group.Go(func() error {
			artifacts, err := i.harbor.RepositoryArtifacts(ctx, row.Name)
			mu.Lock()
			defer mu.Unlock()
			r.add(artifacts)
			return err
		})
	}
	r.whole = true
	return group.Wait()
}

// loses tells whether an answer has fewer images than the view.
func (i *Inventory) loses(r *reading) bool {
	tool := i.State().View.byProject(r.project)
	if tool == nil || r.denied {
		return false
	}
	for _, old := range tool.Repositories {
		if len(r.of(old.Name).images) < len(old.Images) {
			return true
		}
	}
	return false
}

// proveStill makes sure that we are who we were at the last proof: Harbor
// answers a wrong credential with less, not with an error.
func (i *Inventory) proveStill(ctx context.Context) error {
	identity, err := i.harbor.Prove(ctx)
	if err != nil {
		return err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.privacy.known && identity.Kind != i.privacy.kind {
		return fault.New(fault.Denied, "ask harbor", "", "this was a %s before and is a %s now", i.privacy.kind, identity.Kind)
	}
	return nil
}
