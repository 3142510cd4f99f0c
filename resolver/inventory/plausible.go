package inventory

import (
	"time"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbor"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/shrink"
)

const (
	// fewRepositories is how many repositories there must have been for the loss
	// of most to be implausible: of fewer, somebody may well have deleted most.
	fewRepositories = 20
	// fewPrivate is the same for projects that are private.
	fewPrivate = 4
)

// plausible refuses a listing that lost half or more of what there was, as
// package shrink has it: an empty database behind a healthy front looks like
// that, and so does one that lists repositories and nothing in them. So does, if
// it is the private projects that went, an account that lost its rights: Harbor
// says no more than that they are not ours to see. accept is to be called once
// what the listing says is in the view.
func (i *Inventory) plausible(base *View, rows []harbor.Repository) (accept func(), err error) {
	if !i.book.swept && !i.book.recalled {
		return func() {}, nil // there is nothing that it could have lost
	}
	now := i.opts.Now()
	losses, lost := i.book.losses.Judge(i.policy(fewRepositories), lostOf(base, rows, now))
	rights, hidden := i.book.rights.Judge(i.policy(fewPrivate), hiddenOf(base, rows, now))
	if lost == nil && hidden == nil {
		return func() { i.book.losses, i.book.rights = losses, rights }, nil
	}
	// What the other watch believes did not come into the view either.
	if hidden != nil {
		i.book.rights = rights
		err = hidden.Error("ask harbor", "", "private projects")
	}
	if lost != nil {
		i.book.losses = losses
		err = lost.Error("ask harbor", "", "repositories")
	}
	return nil, err
}

func (i *Inventory) policy(few int) shrink.Policy {
	return shrink.Policy{Few: few, Patience: i.opts.Doubt, Allows: i.allows}
}

// lostOf finds the repositories that held something and are no more in a listing
// of all, or are said to hold nothing now.
func lostOf(base *View, rows []harbor.Repository, now time.Time) shrink.Answer {
	listed := make(map[string]bool, len(rows)) // whether it holds something
	for _, r := range rows {
		listed[r.Name] = r.ArtifactCount > 0
	}
	answer := shrink.Answer{At: now, Back: func(name string) bool { return listed[name] }}
	base.walk(func(t *Tool) {
		for _, r := range t.Repositories {
			name := t.Project + "/" + r.Name
			switch {
			case r.artifacts <= 0:
			case listed[name]:
				answer.Kept++
			default:
				answer.Lost = append(answer.Lost, name)
			}
		}
	})
	return answer
}

// hiddenOf finds the projects that were private and of which a listing of all has
// nothing.
func hiddenOf(base *View, rows []harbor.Repository, now time.Time) shrink.Answer {
	listed := map[string]bool{}
	for _, r := range rows {
		project, _ := harbor.SplitName(r.Name)
		listed[project] = true
	}
	answer := shrink.Answer{At: now, Back: func(project string) bool { return listed[project] }}
	base.walk(func(t *Tool) {
		switch {
		case !t.Private || t.unproved:
		case listed[t.Project]:
			answer.Kept++
		default:
			answer.Lost = append(answer.Lost, t.Project)
		}
	})
	return answer
}

// emptied judges rows of the newest pages, most of which are as they were: those
// that held something and are said to hold nothing now. Where they are
// implausibly many, only a listing of all can tell. accept is as in plausible.
func (i *Inventory) emptied(base *View, rows map[string]harbor.Repository) (accept func(), implausible bool) {
	answer := shrink.Answer{At: i.opts.Now(), Back: func(name string) bool { return rows[name].ArtifactCount > 0 }}
	for name, r := range rows {
		project, rest := harbor.SplitName(name)
		if old := base.byProject(project); old != nil && r.ArtifactCount <= 0 {
			if old := old.repository(rest); old != nil && old.artifacts > 0 {
				answer.Lost = append(answer.Lost, name)
			}
		}
	}
	if len(answer.Lost) > 0 {
		base.walk(func(t *Tool) {
			for _, r := range t.Repositories {
				if r.artifacts > 0 {
					answer.Kept++
				}
			}
		})
		answer.Kept = max(answer.Kept-len(answer.Lost), 0)
	}
	policy := i.policy(fewRepositories)
	policy.Allows = nil // the listing asks
	losses, doubt := i.book.losses.Judge(policy, answer)
	return func() { i.book.losses, i.book.rights = losses, shrink.Watch{Gone: i.book.rights.Gone} }, doubt != nil
}

// errContradiction says that Harbor lists what it then does not show.
func errContradiction(projects int) error {
	return fault.New(fault.Refused, "ask harbor", "", "it lists repositories of %d projects as holding something, and shows nothing in them", projects).
		WithHint("look at Harbor's database: what it counts and what it lists do not agree")
}

// contradicts tells whether a reading shows nothing of a project that held images,
// although the listing that led to it says that it holds something. That may come
// of a deletion in between; of many projects at a time it does not.
func (i *Inventory) contradicts(r *reading) bool {
	if r.denied || len(r.content) > 0 {
		return false
	}
	counted := false
	for _, row := range r.rows {
		counted = counted || row.ArtifactCount > 0
	}
	tool := i.State().View.byProject(r.project)
	return counted && tool != nil && tool.Images() > 0
}
