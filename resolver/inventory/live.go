package inventory

import (
	"context"
	"slices"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
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
	// registry is asked about references with a digest: an inventory knows what
	// has a tag.
	registry Asker
}

// Live makes a source of live facts of the inventory.
func (i *Inventory) Live(registry Asker) *Live { return &Live{inventory: i, registry: registry} }

// Kind is the kind of source for status and metrics.
func (l *Live) Kind() string { return "harbor" }

// Ask answers for references. A project that is not kept yet is read first.
func (l *Live) Ask(ctx context.Context, refs []fact.Reference) fact.Report {
	report := fact.Report{Manifests: map[fact.Reference]fact.Manifest{}, Repositories: map[string]fact.Repository{}}
	var pinned []fact.Reference
	for _, ref := range refs {
		if ref.Digest != "" {
			pinned = append(pinned, ref)
		}
	}
	if len(pinned) > 0 {
		report = l.registry.Ask(ctx, pinned)
	}
	if err := l.inventory.State().Err; err != nil {
		report.Err = err
		return report
	}
	for _, ref := range refs {
		project, name, _ := strings.Cut(ref.Repository, "/")
		tool, err := l.inventory.project(ctx, project)
		if err != nil {
			report.Err = err
			continue
		}
		r := tool.repository(name)
		if ref.Digest == "" {
			report.Manifests[ref] = manifestOf(r, ref.Tag)
		}
		report.Repositories[ref.Repository] = repositoryOf(r)
	}
	return report
}

// project gives what a project holds, from the view if it is kept there.
func (i *Inventory) project(ctx context.Context, project string) (*Tool, error) {
	if i.keep(project, true) {
		if err := i.refresh(ctx, project); err != nil {
			i.keep(project, false)
			return nil, err
		}
	}
	if tool := i.State().View.byProject(project); tool != nil {
		return tool, nil
	}
	return &Tool{Project: project}, nil
}

// keep marks a project as kept or not, and tells whether that is new. It is
// marked before it is read, so that no change falls between the two.
func (i *Inventory) keep(project string, kept bool) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	was := i.kept[project]
	i.kept[project] = kept
	return was != kept
}

func manifestOf(r *Repository, tag string) fact.Manifest {
	if r == nil {
		return fact.Manifest{Status: fact.Absent}
	}
	at, found := slices.BinarySearchFunc(r.Images, tag, func(i Image, tag string) int { return strings.Compare(i.Tag, tag) })
	if !found {
		return fact.Manifest{Status: fact.Absent}
	}
	return fact.Manifest{Status: fact.Present, Digest: r.Images[at].Digest.String()}
}

func repositoryOf(r *Repository) fact.Repository {
	if r == nil {
		return fact.Repository{Status: fact.Absent}
	}
	tags := make([]string, len(r.Images))
	for i, image := range r.Images {
		tags[i] = image.Tag
	}
	return fact.Repository{Status: fact.Present, Tags: tags}
}
