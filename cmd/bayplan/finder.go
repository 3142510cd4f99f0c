package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/reference"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/names"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// resolution is the answer for one spelling.
type resolution struct {
	Name   string    `json:"name"`
	Status int       `json:"status"` // as HTTP has it: 200, 404, or 410 for a removed image
	Image  api.Image `json:"image"`
	Match  *match    `json:"match,omitempty"`
	// Suggestions are what may have been meant; only where nothing is found.
	Suggestions []string `json:"suggestions,omitempty"`

	reason   string   // why nothing is found, for people
	warnings []string // what is odd about the match
}

type match struct {
	ShortName string `json:"short_name"`
	Image     string `json:"image"`
	Rule      string `json:"rule"`
}

// finder finds spellings among the records of a list.
type finder struct {
	index   *names.Index
	records map[string]api.Image
}

func newFinder(records []api.Image) *finder {
	f := &finder{records: make(map[string]api.Image, len(records))}
	images := make([]*snapshot.Image, 0, len(records))
	for _, r := range records {
		f.records[r.ShortName] = r
		images = append(images, fromRecord(r))
	}
	f.index = names.NewIndex(images)
	return f
}

// fromRecord gives as much of an image as finding it takes.
func fromRecord(r api.Image) *snapshot.Image {
	offer := func(host, path, tag string) snapshot.Offer {
		return snapshot.Offer{Reference: reference.Reference{Host: host, Path: path, Tag: tag}}
	}
	image := &snapshot.Image{
		ShortName: r.ShortName, Type: snapshot.Standard, State: r.State, Aliases: r.Aliases, Offer: offer(r.Host, r.Path, r.Tag),
	}
	for name, v := range r.Variants {
		image.Variants = append(image.Variants, snapshot.Variant{Name: name, Offer: offer(v.Host, v.Path, v.Tag)})
	}
	return image
}

// find answers for one spelling. What the list does not have is asked for by
// name: it may be an image that a tool built, and if it is none, the answer says
// whether it was removed and what is near.
func (f *finder) find(ctx context.Context, who *asker, spelling string) (resolution, error) {
	if m := f.index.Resolve(spelling); m.Image != nil {
		return f.found(spelling, m), nil
	}
	result := resolution{
		Name: spelling, Status: http.StatusNotFound, Image: server.Unknown(names.Parse(spelling)),
		reason: fmt.Sprintf("there is no image %q", spelling),
	}
	if spelling == "" {
		return result, nil
	}
	var answer api.ImageAnswer
	err := who.get(ctx, "v1/images/"+url.PathEscape(spelling), nil, &answer)
	if err == nil {
		return foundByName(spelling, answer.Image), nil
	}
	refusal, ok := errors.AsType[*answerError](err)
	if !ok {
		return result, err
	}
	result.Suggestions = refusal.body.Suggestions
	switch refusal.status {
	case http.StatusGone:
		result.Status, result.reason = refusal.status, refusal.Error()
	case http.StatusNotFound:
		if len(result.Suggestions) > 0 {
			result.reason += "; did you mean " + strings.Join(result.Suggestions, ", ") + "?"
		}
	default:
		return result, err
	}
	return result, nil
}

// foundByName is the answer for a user-built image, which has one name and, with
// its digest, one alias that is never anybody else's.
func foundByName(spelling string, record api.Image) resolution {
	rule := names.RuleShortName
	if spelling != record.ShortName {
		rule = names.RuleAlias
	}
	return resolution{
		Name: spelling, Status: http.StatusOK, Image: record,
		Match: &match{ShortName: record.ShortName, Image: record.Image, Rule: string(rule)},
	}
}

func (f *finder) found(spelling string, m names.Match) resolution {
	record := f.records[m.Image.ShortName]
	result := resolution{
		Name: spelling, Status: http.StatusOK, Image: record,
		Match: &match{ShortName: record.ShortName, Image: record.Image, Rule: string(m.Rule)},
	}
	if len(m.Also) > 0 {
		result.warnings = []string{fmt.Sprintf("%s could as well mean %s", spelling, strings.Join(m.Also, ", "))}
	}
	return result
}
