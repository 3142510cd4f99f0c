package inventory

import (
	"context"
	"time"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbor"
)

// privacy is what the last proof told. It is replaced as a whole, under the lock.
type privacy struct {
	known   bool // there was a proof
	kind    harbor.IdentityKind
	private map[string]bool // projects
}

// of tells whether a tool's images are for the tool alone, and whether that is
// a guess. A project that came after the last proof counts as private until the
// next: a mistake in that direction leaks nothing, and the tool itself sees its
// images all the same. What the anonymous can see, anybody can.
func (p privacy) of(t *Tool, proved bool) (private, unproved bool) {
	switch {
	case p.known && p.kind == harbor.Anonymous:
		return false, false
	case proved:
		return p.private[t.Project], false
	case t.Repositories == nil: // it is new
		return true, true
	}
	return t.Private, t.unproved
}

// prove makes sure of who we are, and of which projects are private: two
// requests. Harbor answers whoever shows a wrong or revoked credential as it
// answers everybody, with 200 and the public part only; without this, private
// tools would seem to have lost everything. An anonymous inventory sees public
// projects alone and has nothing to prove.
//
// base and rows are what was there before the call: what is in neither may have
// come later than the answer.
func (i *Inventory) prove(ctx context.Context, base *View, rows []harbor.Repository) error {
	identity, err := i.harbor.Prove(ctx)
	if err != nil {
		return err
	}
	if i.book.swept && identity.Kind != i.book.identity.Kind {
		return fault.New(fault.Denied, "ask harbor", "", "this was a %s before and is a %s now: what it may see is not what it was",
			i.book.identity.Kind, identity.Kind).WithHint("restart to begin anew with another account")
	}
	listed := make(map[string]bool, len(rows))
	for _, r := range rows {
		project, _ := harbor.SplitName(r.Name)
		listed[project] = true
	}
	now := privacy{known: true, kind: identity.Kind}
	if identity.Kind != harbor.Anonymous {
		if now.private, err = i.private(ctx, listed); err != nil {
			return err
		}
	}
	i.book.identity, i.book.proved = identity, i.opts.Now()
	i.book.covers(listed)
	i.hide(now, func(project string) bool { return listed[project] || base.byProject(project) != nil })
	return nil
}

// ProofDue is when the next round has to begin at the latest, however long the
// pause between rounds is, so that a project that turned private is not shown
// to all for much longer than the proof is believed. It is zero where nothing
// has to be proved: to the anonymous, and before the first good round.
func (i *Inventory) ProofDue() time.Time {
	h := i.State().Health
	if h.LastProof.IsZero() || h.Identity.Kind == harbor.Anonymous {
		return time.Time{}
	}
	return h.LastProof.Add(i.opts.ProofEvery)
}

// proveAgain makes sure once more, if reading took so long that the proof has
// become old: rows are not published on one that is.
func (i *Inventory) proveAgain(ctx context.Context) error {
	if i.opts.Now().Sub(i.book.proved) < i.opts.ProofEvery {
		return nil
	}
	return i.prove(ctx, i.State().View, nil)
}

// proveRecalled asks what is private before a long listing, where a view of an
// earlier process is shown meanwhile: it may say what has turned private since.
func (i *Inventory) proveRecalled(ctx context.Context) error {
	if !i.book.recalled && !i.wasSown() {
		return nil
	}
	return i.proveAgain(ctx)
}

// private asks which projects are private. One that was and is not named any
// more may have turned public, but it may also be gone, or not for us to see any
// longer, or the answer lacks it for no reason, and then it must not be shown to
// everybody: it stays private until Harbor says that it is public. listed are
// projects whose repositories were listed a moment ago, which is enough for one
// that came since the last proof.
func (i *Inventory) private(ctx context.Context, listed map[string]bool) (map[string]bool, error) {
	private, err := i.projects(ctx, false)
	if err != nil {
		return nil, err
	}
	var doubtful []string
	i.State().View.walk(func(t *Tool) {
		if t.Private && !private[t.Project] && (!t.unproved || !listed[t.Project]) {
			doubtful = append(doubtful, t.Project)
		}
	})
	if len(doubtful) == 0 {
		return private, nil
	}
	public, err := i.projects(ctx, true)
	if err != nil {
		return nil, err
	}
	for _, project := range doubtful {
		if !public[project] {
			private[project] = true
		}
	}
	return private, nil
}

// projects asks which projects are public, or private.
func (i *Inventory) projects(ctx context.Context, public bool) (map[string]bool, error) {
	projects, err := i.harbor.Projects(ctx, harbor.ProjectFilter{Public: &public})
	if err != nil {
		return nil, err
	}
	named := make(map[string]bool, len(projects))
	for _, p := range projects {
		if p.Public || !public { // who is in the list of private ones is private
			named[p.Name] = true
		}
	}
	return named, nil
}

// hide publishes which tools are private now, if that changed. was tells which
// projects were there before the answer.
func (i *Inventory) hide(now privacy, was func(project string) bool) {
	i.publish(func(e *edit) {
		i.privacy = now
		e.view.LeftOut = i.book.leftOut(now)
		e.base.walk(func(t *Tool) {
			if t.Private && i.book.recalled && now.kind == harbor.Anonymous {
				e.forget(t) // others saw it for us; we cannot tell who may
				return
			}
			private, unproved := now.of(t, was(t.Project))
			private = private || now.private[t.Project]
			if t.Private != private || t.unproved != unproved {
				changed := *t
				changed.Private, changed.unproved = private, unproved
				e.put(&changed)
			}
		})
	})
}

// isProved tells whether the last proof covers the project of a row.
func (i *Inventory) isProved(base *View, project string, r harbor.Repository) bool {
	if i.book.identity.Kind == harbor.Anonymous {
		return true
	}
	tool := base.byProject(project)
	// Another number is another project of the same name.
	return tool != nil && !tool.unproved && (tool.id == r.ProjectID || tool.id == 0)
}
