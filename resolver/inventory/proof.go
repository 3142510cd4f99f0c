package inventory

import (
	"context"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbor"
)

// prove makes sure of who we are, and of which projects are private: two
// requests. Harbor answers whoever shows a wrong or revoked credential as it
// answers everybody, with 200 and the public part only; without this, private
// tools would seem to have lost everything. An anonymous inventory sees public
// projects alone and has nothing to prove.
func (i *Inventory) prove(ctx context.Context) error {
	identity, err := i.harbor.Prove(ctx)
	if err != nil {
		return err
	}
	if i.book.swept && identity.Kind != i.book.identity.Kind {
		return fault.New(fault.Denied, "ask harbor", "", "this was a %s before and is a %s now: what it may see is not what it was",
			i.book.identity.Kind, identity.Kind).WithHint("restart to begin anew with another account")
	}
	var private map[string]bool
	if identity.Kind != harbor.Anonymous {
		no := false
		projects, err := i.harbor.Projects(ctx, harbor.ProjectFilter{Public: &no})
		if err != nil {
			return err
		}
		private = make(map[string]bool, len(projects))
		for _, p := range projects {
			private[p.Name] = true
		}
	}
	i.book.identity, i.book.proved = identity, i.opts.Now()
	i.hide(private)
	return nil
}

// hide publishes which tools are private now, if that changed. Projects that
// were not known to the last proof count as private until this one.
func (i *Inventory) hide(private map[string]bool) {
	i.book.private = private
	i.book.known = map[string]bool{}
	i.publish(func(e *edit) {
		i.State().View.Walk("", func(t *Tool) bool {
			i.book.known[t.Project] = true
			if t.Private != private[t.Project] {
				changed := *t
				changed.Private = private[t.Project]
				e.put(&changed)
			}
			return true
		})
	})
}

// isPrivate tells whether a project's images are for its tool alone. One whose
// privacy was never asked about is, because a mistake in that direction leaks
// nothing.
func (i *Inventory) isPrivate(project string) bool {
	if i.book.identity.Kind == harbor.Anonymous {
		return false // what anybody can see
	}
	return i.book.private[project]
}
