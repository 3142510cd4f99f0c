package inventory

import (
	"context"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbor"
)

// Refresh asks what one tool's project holds, now, and publishes the answer. It
// is for whoever cannot wait for the next round, and goes beside it. A tool that
// has built nothing yet is no error.
//
// Errors: fault.Usage for what is no tool's name (nothing is asked), and those
// of the client where nobody could be asked; the view stays then.
func (i *Inventory) Refresh(ctx context.Context, tool string) error {
	project, ok := ProjectOf(tool)
	if !ok {
		return fault.New(fault.Usage, "ask harbor", "", "%q is no tool's name", tool)
	}
	return i.refresh(ctx, project)
}

func (i *Inventory) refresh(ctx context.Context, project string) error {
	r, err := i.readNow(ctx, project)
	if err != nil {
		return err
	}
	if i.loses(project, r) {
		// Harbor answers a wrong credential with less, not with an error.
		if _, err := i.harbor.Prove(ctx); err != nil {
			return err
		}
	}
	i.publish(func(e *edit) { i.write(e, r) })
	return nil
}

// readNow reads a whole project without a listing's rows to go by.
func (i *Inventory) readNow(ctx context.Context, project string) (reading, error) {
	r := reading{project: project, asked: i.question(), whole: true, content: map[string][]harbor.Artifact{}}
	if !i.oneByOne.Load() {
		artifacts, err := i.harbor.ProjectArtifacts(ctx, project)
		switch {
		case err == nil:
			r.add(artifacts)
			return r, nil
		case mayBeGone(err):
			return r, nil // no project is no images; what there was goes once that is proved
		case !fault.Is(err, fault.Unsupported):
			return r, err
		}
		i.oneByOne.Store(true)
	}
	rows, err := i.harbor.ProjectRepositories(ctx, project)
	if err != nil && !mayBeGone(err) {
		return r, err
	}
	for _, row := range rows {
		artifacts, err := i.harbor.RepositoryArtifacts(ctx, row.Name)
		if err != nil {
			return r, err
		}
		r.add(artifacts)
	}
	return r, nil
}

func (r *reading) add(artifacts []harbor.Artifact) {
	for _, a := range artifacts {
		_, name := harbor.SplitName(a.Repository)
		r.content[name] = append(r.content[name], a)
	}
}

// loses tells whether an answer has fewer images than the view.
func (i *Inventory) loses(project string, r reading) bool {
	tool := i.State().View.byProject(project)
	if tool == nil {
		return false
	}
	for _, old := range tool.Repositories {
		if len(imagesOf(r.content[old.Name])) < len(old.Images) {
			return true
		}
	}
	return false
}
