package standin

import (
	"context"
	"fmt"
	"hash/fnv"
	"strings"

	"golang.org/x/sync/errgroup"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/reference"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
)

// wanted leaves out what is to be missing, and what names a digest: nothing that
// is made here has the digest of something else.
func (p *Platform) wanted(refs []fact.Reference) []fact.Reference {
	var out []fact.Reference
	for _, ref := range refs {
		if !p.plan.Without[ref.Host+"/"+ref.Repository] && ref.Digest == "" {
			out = append(out, ref)
		}
	}
	return out
}

// fill pushes a small image for each reference to one registry.
func fill(ctx context.Context, address string, refs []fact.Reference, where string) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(8)
	for _, ref := range refs {
		group.Go(func() error { return push(ctx, address, ref, where) })
	}
	return group.Wait()
}

// fillHarbor pushes a synthetic image for each reference, into public projects.
func fillHarbor(h *harbortest.Harbor, refs []fact.Reference) error {
	for _, ref := range refs {
		project, _, ok := strings.Cut(ref.Repository, "/")
		if !ok {
			return fmt.Errorf("%s/%s has no project, which Harbor wants", ref.Host, ref.Repository)
		}
		h.AddProject(project, harbortest.Public)
		if _, err := h.Push(ref.Repository, ref.Tag, harbortest.Profile{Serial: Serial(ref.Repository, ref.Tag)}); err != nil {
			return err
		}
	}
	return nil
}

// Serial gives the serial number of an image in a stand-in Harbor, from its name
// alone, so that it is the same image each time.
func Serial(repository, tag string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(repository + ":" + tag)) // it never fails
	return max(h.Sum32(), 1)
}

// Repositories adds the repositories, with their host, of a catalog's image to
// out: those of one variant, or of all and of the image itself if it is "".
func Repositories(out map[string]bool, entry *chart.Entry, only string) {
	if only == "" {
		add(out, entry.Reference())
	}
	for variant, v := range entry.Variants {
		if only == "" || only == variant {
			add(out, v.Image)
		}
	}
}

// add adds the repository of a reference. The catalog was checked, so that a
// text which is none does not occur; it would add nothing.
func add(out map[string]bool, text string) {
	if ref, err := reference.Parse(text); err == nil {
		out[ref.Host+"/"+ref.Path] = true
	}
}
