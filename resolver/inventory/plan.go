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

// learn asks for the version, once.
func (i *Inventory) learn(ctx context.Context) error {
	if i.book.swept {
		return nil
	}
	info, err := i.harbor.SystemInfo(ctx)
	if err != nil {
		return err
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

// planByLooking chooses a plan where the version is hidden: if a repository
// holds an artifact that was pushed well after the repository's update_time,
// that time does not follow pushes. If there is none, it follows as far as one
// can tell.
func (i *Inventory) planByLooking(rows []harbor.Repository) Plan {
	const slack = 10 * time.Second
	view := i.State().View
	for _, row := range rows {
		project, name := harbor.SplitName(row.Name)
		tool := view.byProject(project)
		if tool == nil {
			continue
		}
		if r := tool.repository(name); r != nil && slices.ContainsFunc(r.Images, func(image Image) bool {
			return image.PushedAt().After(row.UpdateTime.Add(slack))
		}) {
			return PlanRescan
		}
	}
	return PlanIncremental
}

// turn gives the projects that the rescan reads in this round: so many that all
// have had their turn in [Options.RescanEvery].
func (i *Inventory) turn() []string {
	if i.book.plan != PlanRescan {
		return nil
	}
	now := i.opts.Now()
	view := i.State().View
	if i.book.turned.IsZero() {
		i.book.turned = now
		return nil
	}
	share := float64(now.Sub(i.book.turned)) / float64(i.opts.RescanEvery)
	wanted := min(view.Tools, int(share*float64(view.Tools)))
	if wanted == 0 {
		return nil
	}
	i.book.turned = now
	var projects []string
	collect := func(t *Tool) bool {
		if len(projects) == wanted {
			i.book.next = t.Project + "/"
			return false
		}
		projects = append(projects, t.Project)
		return true
	}
	from := i.book.next
	i.book.next = ""
	view.Walk(from, collect)
	if len(projects) < wanted && from != "" {
		view.Walk("", collect)
	}
	return projects
}
