package inventory

import (
	"context"
	"slices"
	"time"

	"github.com/Masterminds/semver/v3"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbor"
)

// Plan is how changes are found.
type Plan string

// The plans.
const (
	// PlanUnknown is the plan before the first sweep.
	PlanUnknown Plan = ""
	// PlanIncremental trusts update_time: only repositories whose time changed
	// are read.
	PlanIncremental Plan = "incremental"
	// PlanRescan does that too, and besides reads all projects in turn, because
	// this Harbor's update_time does not follow all changes.
	PlanRescan Plan = "rescan"
)

// follows is the first version that was seen to move a repository's update_time
// with every push, tag and deletion (the recordings; Harbor's issue 23149 says
// that before, it moved with some or none).
var follows = semver.MustParse("2.15.2")

// learn asks for the version, and chooses the plan by it. Each sweep does:
// Harbor may have been upgraded.
func (i *Inventory) learn(ctx context.Context) error {
	info, err := i.harbor.SystemInfo(ctx)
	if err != nil {
		return err
	}
	if info.AtLeast(2, 12) { // it has the listing of projects; once refused, it may be allowed now
		i.oneByOne.Store(false)
	}
	i.book.version = info.Version
	if version, err := semver.NewVersion(info.Version); err == nil {
		core := semver.New(version.Major(), version.Minor(), version.Patch(), "", "")
		i.book.plan = PlanRescan
		if !core.LessThan(follows) {
			i.book.plan = PlanIncremental
		}
	}
	return nil
}

// planByLooking chooses a plan where the version is hidden or says nothing: if a
// repository holds an artifact that was pushed well after the repository's
// update_time, that time does not follow pushes. If there is none, it follows as
// far as one can tell; each sweep looks again. What was pushed since the listing
// began is no evidence.
func (i *Inventory) planByLooking(rows []harbor.Repository, began time.Time) {
	if _, err := semver.NewVersion(i.book.version); err == nil || i.book.plan == PlanRescan {
		return
	}
	const slack = 10 * time.Second
	i.book.plan = PlanIncremental
	view := i.State().View
	for _, row := range rows {
		project, name := harbor.SplitName(row.Name)
		tool := view.byProject(project)
		if tool == nil {
			continue
		}
		r := tool.repository(name)
		if r != nil && slices.ContainsFunc(r.Images, func(image Image) bool {
			pushed := image.PushedAt()
			return pushed.After(row.UpdateTime.Add(slack)) && pushed.Before(began)
		}) {
			i.book.plan = PlanRescan
			return
		}
	}
}

// rescan is how far the turn through all projects has come.
type rescan struct {
	next  string    // the key of the project at which it goes on; "" is the first
	since time.Time // until when it is paid for; zero before it began
}

// turn is what a rescan reads in one round, and how far it has come then.
type turn struct {
	projects []string
	after    rescan
}

// turn gives the projects that the rescan reads in this round: so many that all
// have had their turn in [Options.RescanEvery].
func (i *Inventory) turn(view *View) turn {
	now := i.opts.Now()
	t := turn{after: i.book.rescan}
	switch {
	case i.book.plan != PlanRescan:
		return turn{}
	case t.after.since.IsZero():
		t.after.since = now
		return t
	case view.projects == 0:
		return t
	}
	each := max(i.opts.RescanEvery/time.Duration(view.projects), 1)
	wanted := min(int(now.Sub(t.after.since)/each), view.projects)
	if wanted <= 0 {
		return t
	}
	t.after.since = t.after.since.Add(time.Duration(wanted) * each)
	if wanted == view.projects {
		t.after.since = now
	}
	t.take(view, wanted)
	return t
}

// take puts the next projects into the turn, and notes where it goes on.
func (t *turn) take(view *View, wanted int) {
	from := t.after.next
	t.after.next = ""
	collect := func(tool *Tool) bool {
		if len(t.projects) == wanted {
			t.after.next = tool.Project + "/"
			return false
		}
		t.projects = append(t.projects, tool.Project)
		return true
	}
	view.shelves.from(from, collect)
	if len(t.projects) < wanted {
		view.shelves.from("", collect)
	}
}

// fewProjects is how many projects a sweep reads that did not change. Scans and
// labels move no update_time; in this way they show in the end, and a sweep of
// thousands still costs little more than its listing.
const fewProjects = 25

// sweepTurn gives the projects that a sweep reads though nothing in them seems to
// have changed: those of the rescan where there is one, else the next few.
func (i *Inventory) sweepTurn(view *View, surplus int) turn {
	if i.book.plan != PlanIncremental || !i.book.swept || surplus != 0 {
		return i.turn(view)
	}
	t := turn{after: i.book.rescan}
	t.take(view, min(fewProjects, view.projects))
	return t
}
