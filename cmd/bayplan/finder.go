package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/reference"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/names"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// finder finds spellings among what anyone may see, with the rules of the
// server. It asks for each list once.
type finder struct {
	who     *asker
	explain bool

	index    *names.Index
	records  map[string]api.Image // by short name
	tools    map[string]*publicTool
	catalog  api.Catalog // version and digest; for explanations
	messages api.Messages
}

func newFinder(who *asker, explain bool) *finder {
	return &finder{who: who, explain: explain, records: map[string]api.Image{}, tools: map[string]*publicTool{}}
}

// findAll answers for spellings in their order.
func (f *finder) findAll(ctx context.Context, spellings []string) (*api.ResolutionsAnswer, error) {
	if err := f.open(ctx); err != nil {
		return nil, err
	}
	out := &api.ResolutionsAnswer{}
	for _, spelling := range spellings {
		result, err := f.find(ctx, spelling)
		if err != nil {
			return nil, err
		}
		out.Results = append(out.Results, result)
	}
	out.Messages = f.messages
	return out, nil
}

// open asks for the standard images, and where explanations are wanted for what
// decides about them.
func (f *finder) open(ctx context.Context) error {
	var list api.ImagesAnswer
	if err := f.who.get(ctx, "v1/images", url.Values{"type": {api.TypeStandard}}, &list); err != nil {
		return err
	}
	f.messages = list.Messages
	images := make([]*snapshot.Image, 0, len(list.Images))
	for _, r := range list.Images {
		f.records[r.ShortName] = r
		images = append(images, fromRecord(r))
	}
	f.index = names.NewIndex(images)
	if !f.explain {
		return nil
	}
	var answer api.CatalogAnswer
	err := f.who.get(ctx, "v1/catalog", nil, &answer)
	f.catalog = answer.Catalog
	return err
}

// fromRecord gives as much of an image as finding it takes.
func fromRecord(r api.Image) *snapshot.Image {
	offer := func(host, path, tag string) snapshot.Offer {
		return snapshot.Offer{Reference: reference.Reference{Host: host, Path: path, Tag: tag}}
	}
	image := &snapshot.Image{
		ShortName: r.ShortName, Type: snapshot.Type(r.Type), State: r.State, Aliases: r.Aliases, Offer: offer(r.Host, r.Path, r.Tag),
	}
	for name, v := range r.Variants {
		image.Variants = append(image.Variants, snapshot.Variant{Name: name, Offer: offer(v.Host, v.Path, v.Tag)})
	}
	if r.Type == api.TypeBuildservice {
		image.Built = &snapshot.Built{Tool: r.Tool}
	}
	return image
}

// find answers for one spelling. What the lists do not have is asked for by
// name: it may be what its owner calls it, and if it is nothing, the answer says
// whether it was removed and what is near.
func (f *finder) find(ctx context.Context, spelling string) (api.Resolution, error) {
	m, err := f.match(ctx, spelling)
	if err != nil {
		return api.Resolution{}, err
	}
	if m.Image == nil && spelling != "" {
		var refusal *answerError
		if m, refusal, err = f.byName(ctx, m); err != nil {
			return api.Resolution{}, err
		}
		if refusal != nil {
			return f.nowhere(ctx, m, refusal)
		}
	}
	if m.Image == nil {
		return f.unknown(m, http.StatusNotFound, api.Error{Code: api.CodeImageNotFound}), nil
	}
	if len(m.Also) > 0 {
		f.messages.Warning = append(f.messages.Warning, fmt.Sprintf("%q could as well mean %s", spelling, strings.Join(m.Also, ", ")))
	}
	match := server.Match(m)
	return api.Resolution{
		Name: spelling, Status: http.StatusOK, Image: f.records[m.Image.ShortName], Match: &match, Explain: f.explanation(m),
	}, nil
}

// match finds a spelling in the lists.
func (f *finder) match(ctx context.Context, spelling string) (names.Match, error) {
	s := names.Parse(spelling)
	if name := s.Tool(); name != "" {
		tool, err := f.tool(ctx, name)
		if err != nil {
			return names.Match{}, err
		}
		if found := names.InTool(tool.Tool, tool.host, s); found.Image != nil {
			short := tool.Project + "/" + found.Repository.Name + ":" + found.Image.Tag
			return names.Match{Spelling: s, Image: fromRecord(f.records[short]), Rule: found.Rule, Also: found.Also}, nil
		}
	}
	return f.index.Resolve(spelling), nil
}

// byName asks for an image by the whole of what is written.
func (f *finder) byName(ctx context.Context, m names.Match) (names.Match, *answerError, error) {
	var answer api.ImageAnswer
	err := f.who.get(ctx, "v1/images/"+url.PathEscape(m.Spelling.Text), nil, &answer)
	if refusal, ok := errors.AsType[*answerError](err); ok && (refusal.status == http.StatusNotFound || refusal.status == http.StatusGone) {
		return m, refusal, nil
	}
	if err != nil {
		return m, nil, err
	}
	f.records[answer.Image.ShortName] = answer.Image
	m.Image, m.Rule = fromRecord(answer.Image), names.RuleAlias
	return m, nil, nil
}

// nowhere answers for a spelling that is in no list and the name of nothing.
func (f *finder) nowhere(ctx context.Context, m names.Match, refusal *answerError) (api.Resolution, error) {
	result, told, err := f.asNobody(ctx, m.Spelling.Text)
	if err != nil || told && result.Status != http.StatusNotFound {
		return result, err
	}
	result = f.unknown(m, refusal.status, refusal.body)
	if !told {
		untold(&result)
	}
	return result, nil
}

// unknown is the answer for a spelling that leads to nothing.
func (f *finder) unknown(m names.Match, status int, body api.Error) api.Resolution {
	for _, text := range body.Warning {
		if !slices.Contains(f.messages.Warning, text) {
			f.messages.Warning = append(f.messages.Warning, text)
		}
	}
	out := api.Resolution{
		Name: m.Spelling.Text, Status: status, Image: server.Unknown(m.Spelling), Code: body.Code, Error: body.Error,
		Suggestions: append(api.List[string]{}, body.Suggestions...), Tombstone: body.Tombstone, Explain: f.explanation(m),
	}
	server.ExplainRemoval(out.Explain, out.Tombstone)
	sayNotFound(&out)
	return out
}

// explanation says why, as far as the lists tell; nil if nobody wants to know.
func (f *finder) explanation(m names.Match) *api.Explanation {
	if !f.explain {
		return nil
	}
	users := snapshot.Users{}
	if m.Image != nil && m.Image.Built != nil {
		users.Host = m.Image.Reference.Host
	}
	return server.Explanation(names.Lookup{Index: f.index, Snapshot: &snapshot.Snapshot{Users: users}}, m, f.catalog)
}
