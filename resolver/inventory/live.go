package inventory

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbor"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/marker"
)

// Asker asks a registry host over the OCI distribution API; *registry.Source is
// one.
type Asker interface {
	Ask(ctx context.Context, refs []fact.Reference) fact.Report
}

// Live answers for references to the Harbor of an inventory from what the
// inventory holds, so that standard images that are kept there cost no requests
// of their own: a round of the inventory brings their projects up to date too.
type Live struct {
	inventory *Inventory
	// registry is asked about digests that no tag is on: an inventory knows what
	// has a tag.
	registry Asker
}

// Live makes a source of live facts of the inventory.
func (i *Inventory) Live(registry Asker) *Live { return &Live{inventory: i, registry: registry} }

// Kind is the kind of source for status and metrics.
func (l *Live) Kind() string { return "harbor" }

// Ask answers for references. A project that is not kept yet is read first.
// While the inventory's last round failed it answers nothing, and Report.Err
// says why.
func (l *Live) Ask(ctx context.Context, refs []fact.Reference) fact.Report {
	report := fact.Report{Manifests: map[fact.Reference]fact.Manifest{}, Repositories: map[string]fact.Repository{}}
	if report.Err = l.inventory.State().Err; report.Err != nil {
		return report
	}
	projects := map[string]*Tool{}
	var elsewhere []fact.Reference
	for _, ref := range refs {
		project, name := harbor.SplitName(ref.Repository)
		tool, asked := projects[project]
		if !asked {
			var err error
			if tool, err = l.inventory.project(ctx, project); err != nil {
				report.Err = err
			}
			projects[project] = tool
		}
		if tool == nil {
			continue // it could not be asked about
		}
		r := tool.repository(name)
		report.Repositories[ref.Repository] = repositoryOf(r, tool.Marks(name))
		// A tag that is a marker is no image to the inventory. If the catalog names
		// one all the same, the registry knows.
		marked := l.inventory.opts.Markers && ref.Digest == "" && isMarker(ref.Tag)
		if manifest, known := manifestOf(r, ref); known && !marked {
			report.Manifests[ref] = manifest
		} else {
			elsewhere = append(elsewhere, ref)
		}
	}
	l.inventory.keepOnly(projects)
	if len(elsewhere) > 0 {
		rest := l.registry.Ask(ctx, elsewhere)
		maps.Copy(report.Manifests, rest.Manifests)
		if report.Err == nil {
			report.Err = rest.Err
		}
	}
	return report
}

// project gives what a project holds, from the view if it is kept there.
func (i *Inventory) project(ctx context.Context, project string) (*Tool, error) {
	if !harbor.ValidProject(project) {
		return &Tool{Project: project}, nil // Harbor cannot have it
	}
	if !i.keep(project) {
		if err := i.refresh(ctx, project); err != nil {
			return nil, err
		}
		i.mu.Lock()
		i.kept[project] = true
		i.mu.Unlock()
	}
	if tool := i.State().View.byProject(project); tool != nil {
		return tool, nil
	}
	return &Tool{Project: project}, nil
}

// keep marks a project as kept, and tells whether it has been read. It is marked
// before it is read, so that no change falls between the two.
func (i *Inventory) keep(project string) (read bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	read, kept := i.kept[project]
	if !kept {
		i.kept[project] = false
		i.newlyKept = true
	}
	return read
}

// maxKept is from how many projects that are kept for standard images on those are
// forgotten that no catalog names any more and Harbor has nothing in. What it has
// something in stays: that is bounded by what there is, and the books have it.
const maxKept = 1000

// keepOnly forgets projects that were kept for an earlier catalog, where there are
// many; named are those of now.
func (i *Inventory) keepOnly(named map[string]*Tool) {
	view := i.State().View
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.kept) > maxKept {
		maps.DeleteFunc(i.kept, func(project string, _ bool) bool {
			_, stays := named[project]
			held := view.byProject(project)
			return !stays && (held == nil || len(held.Repositories) == 0)
		})
	}
}

// forgetKept takes the repositories of projects that are kept by now out of the
// book of those that are not.
func (i *Inventory) forgetKept() {
	i.mu.Lock()
	some := i.newlyKept
	i.newlyKept = false
	i.mu.Unlock()
	if !some {
		return
	}
	for name := range i.book.others {
		if project, _ := harbor.SplitName(name); i.keeps(project) {
			delete(i.book.others, name)
		}
	}
}

// manifestOf answers for a reference, if a repository's tags can tell.
func manifestOf(r *Repository, ref fact.Reference) (m fact.Manifest, known bool) {
	switch {
	case r == nil:
		return fact.Manifest{Status: fact.Absent}, ref.Digest == ""
	case ref.Digest != "":
		there := slices.ContainsFunc(r.Images, func(i Image) bool { return i.Digest.String() == ref.Digest })
		return fact.Manifest{Status: fact.Present, Digest: cmp.Or(r.digestOf(ref.Tag), ref.Digest)}, there
	}
	digest := r.digestOf(ref.Tag)
	if digest == "" {
		return fact.Manifest{Status: fact.Absent}, true
	}
	return fact.Manifest{Status: fact.Present, Digest: digest}, true
}

// digestOf gives what a tag names, or "" if there is no such tag.
func (r *Repository) digestOf(tag string) string {
	at, found := slices.BinarySearchFunc(r.Images, tag, func(i Image, tag string) int { return strings.Compare(i.Tag, tag) })
	if !found {
		return ""
	}
	return r.Images[at].Digest.String()
}

func repositoryOf(r *Repository, marks *marker.Marks) fact.Repository {
	if r == nil {
		return fact.Repository{Status: fact.Absent}
	}
	tags := make([]string, len(r.Images))
	for i, image := range r.Images {
		tags[i] = image.Tag
	}
	return fact.Repository{Status: fact.Present, Tags: tags, Marks: marks}
}
