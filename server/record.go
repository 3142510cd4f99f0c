package server

import (
	"time"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/names"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// The words for who said metadata.
const (
	sourceChart   = "chart"
	sourceMarkers = "markers"
	// sourceBoth is the catalog, and markers for what it leaves open.
	sourceBoth = sourceChart + ", " + sourceMarkers
)

// Record gives the published shape of an image. Tags are left out: they are in
// an answer only if the request names them.
func Record(i *snapshot.Image) api.Image {
	record := api.Image{
		ShortName:          i.ShortName,
		Type:               string(i.Type),
		State:              i.State,
		Aliases:            i.Aliases,
		Host:               i.Reference.Host,
		Path:               i.Reference.Path,
		Tag:                i.Reference.Tag,
		Image:              i.Reference.String(),
		Digest:             i.Digest,
		Pinned:             i.Pinned(),
		Exists:             exists(i.Exists),
		Variants:           make(api.Map[api.Variant], len(i.Variants)),
		WebserviceDefaults: i.WebserviceDefaults,
		Description:        i.Description,
		ReplacedBy:         i.ReplacedBy,
		Notice:             i.Notice,
		Sources:            api.Map[string]{"metadata": sourceChart},
		Stale:              i.Stale,
	}
	for _, v := range i.Variants {
		record.Variants[v.Name] = variant(v)
	}
	for _, link := range i.Links {
		record.Links = append(record.Links, api.Link{Title: link.Title, URL: link.URL})
	}
	if l := i.Lifecycle; l.Deprecated != "" || l.Unsupported != "" || l.Removed != "" {
		record.Lifecycle = &api.Lifecycle{
			Deprecated: string(l.Deprecated), Unsupported: string(l.Unsupported), Removed: string(l.Removed),
		}
	}
	if i.LiveSource != "" {
		record.Sources["live"] = i.LiveSource
	}
	if i.Built != nil {
		addBuilt(&record, i)
	}
	for _, marked := range i.Marked {
		record.Sources[string(marked.Kind)] = sourceBoth
		if marked.Alone {
			record.Sources[string(marked.Kind)] = sourceMarkers
		}
	}
	return record
}

// addBuilt adds what is known of a user-built image alone. Its metadata are its
// registry's: the catalog does not know it.
func addBuilt(record *api.Image, i *snapshot.Image) {
	b := i.Built
	record.Tool, record.SizeBytes, record.PushedAt, record.Platforms = b.Tool, b.SizeBytes, b.PushedAt, b.Platforms
	delete(record.Sources, "metadata")
	if i.LiveSource != "" {
		record.Sources["metadata"] = i.LiveSource
	}
	if b.Stack != nil {
		record.Stack = &api.Stack{Name: b.Stack.Name, State: b.Stack.State, ReplacedBy: b.Stack.ReplacedBy}
	}
	if b.Signed {
		record.Signed = &b.Signed
	}
	if v := b.Scan; v != nil {
		record.Vulnerabilities = &api.Vulnerabilities{
			Critical: v.Critical, High: v.High, Medium: v.Medium, Low: v.Low,
			Negligible: v.Negligible, Unknown: v.Unknown, Fixable: &v.Fixable,
		}
		if v.At > 0 {
			record.Vulnerabilities.ScannedAt = time.UnixMilli(v.At).UTC()
		}
	}
}

func variant(v snapshot.Variant) api.Variant {
	return api.Variant{
		Image: v.Reference.String(), Host: v.Reference.Host, Path: v.Reference.Path, Tag: v.Reference.Tag,
		Digest: v.Digest, Pinned: v.Pinned(), Exists: exists(v.Exists), Extra: v.Extra,
	}
}

// exists gives nil while nobody could be asked.
func exists(status fact.Status) *bool {
	switch status {
	case fact.Present, fact.Absent:
		known := status == fact.Present
		return &known
	}
	return nil
}

// Unknown gives the record of a spelling that nothing is found for, as jobs-api
// gives it: the parts that were written, and that it does not exist.
func Unknown(s names.Spelling) api.Image {
	no := false
	record := api.Image{
		ShortName: s.ShortName(), Type: string(snapshot.Standard), State: api.StateUnknown,
		Aliases: api.List[string]{}, Host: s.Host, Path: s.Path(), Tag: s.Tag, Image: s.Text, Digest: s.Digest,
		Exists: &no, Variants: api.Map[api.Variant]{},
	}
	if s.Project != "" {
		record.Type, record.State = string(snapshot.Buildservice), api.StateStable
		if s.Tag != "" && s.Digest != "" {
			record.Aliases = api.List[string]{s.ShortName()}
		}
	}
	return record
}
