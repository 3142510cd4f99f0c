package main

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// publicTool is what anyone may see of what a tool built.
type publicTool struct {
	*inventory.Tool        // nil if that is nothing
	host            string // where it is
}

// tool asks for the images of a tool, once.
func (f *finder) tool(ctx context.Context, name string) (*publicTool, error) {
	if known := f.tools[name]; known != nil {
		return known, nil
	}
	var list api.ImagesAnswer
	if err := f.who.get(ctx, "v1/images", url.Values{"type": {api.TypeBuildservice}, "tool": {name}}, &list); err != nil {
		return nil, err
	}
	out := &publicTool{}
	for _, r := range list.Images {
		f.records[r.ShortName] = r
		out.add(r)
	}
	if out.Tool != nil {
		out.sort()
	}
	f.tools[name] = out
	return out, nil
}

// add puts an image where a registry has it.
func (t *publicTool) add(r api.Image) {
	project, repository, found := strings.Cut(r.Path, "/")
	digest, known := inventory.ParseDigest(r.Digest)
	if !found || !known {
		return // no image of a tool
	}
	if t.Tool == nil {
		t.Tool, t.host = &inventory.Tool{Name: r.Tool, Project: project}, r.Host
	}
	at := slices.IndexFunc(t.Repositories, func(r *inventory.Repository) bool { return r.Name == repository })
	if at < 0 {
		at = len(t.Repositories)
		t.Repositories = append(t.Repositories, &inventory.Repository{Name: repository})
	}
	image := inventory.Image{Tag: r.Tag, Digest: digest}
	if !r.PushedAt.IsZero() {
		image.Pushed = r.PushedAt.UnixMilli()
	}
	t.Repositories[at].Images = append(t.Repositories[at].Images, image)
}

// sort puts repositories and tags in the order that they are looked up by.
func (t *publicTool) sort() {
	slices.SortFunc(t.Repositories, func(a, b *inventory.Repository) int { return strings.Compare(a.Name, b.Name) })
	for _, r := range t.Repositories {
		slices.SortFunc(r.Images, func(a, b inventory.Image) int { return strings.Compare(a.Tag, b.Tag) })
	}
}
