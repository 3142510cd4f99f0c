package seed

import (
	"strings"
	"time"
	"unique"

	"github.com/opencontainers/go-digest"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbor"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// row is what counts of an image record.
type row struct {
	Type string `json:"type"`
	place
	Variants        map[string]place     `json:"variants"`
	SizeBytes       int64                `json:"size_bytes"`
	PushedAt        time.Time            `json:"pushed_at"`
	Platforms       []string             `json:"platforms"`
	Stack           *api.Stack           `json:"stack"`
	Vulnerabilities *api.Vulnerabilities `json:"vulnerabilities"`
	Signed          *bool                `json:"signed"`
}

// place is a reference, and what its registry said of it.
type place struct {
	Host   string `json:"host"`
	Path   string `json:"path"`
	Tag    string `json:"tag"`
	Digest string `json:"digest"`
	Exists *bool  `json:"exists"`
}

// longest is how long any text in a row may be that is kept.
const longest = 1024

func (r *reader) take(row *row) error {
	if row.Type != api.TypeBuildservice {
		if err := r.standard(row.place); err != nil {
			return err
		}
		for _, variant := range row.Variants {
			if err := r.standard(variant); err != nil {
				return err
			}
		}
		return nil
	}
	return r.built(row)
}

// standard notes what a registry said of a reference of the catalog's. The catalog
// may pin it by tag, by digest or by both, which a row does not tell; what is not
// asked for is forgotten.
func (r *reader) standard(p place) error {
	if p.Exists == nil || p.Host == "" {
		return nil // nobody knows
	}
	if err := r.count(p.Host, p.Path, p.Tag, p.Digest); err != nil {
		return err
	}
	if len(p.Host) > longest || len(p.Path) > longest || len(p.Tag) > longest {
		return invalid("a reference is longer than any")
	}
	ref := fact.Reference{Host: p.Host, Repository: p.Path, Tag: p.Tag}
	known := fact.Manifest{Status: fact.Absent}
	if *p.Exists {
		known = fact.Manifest{Status: fact.Present, Digest: p.Digest}
	}
	host := r.hostOf(p.Host)
	host.Manifests[ref] = known
	if p.Digest == "" {
		return nil
	}
	if _, err := digest.Parse(p.Digest); err != nil {
		return invalid("%.80q is no digest", p.Digest)
	}
	ref.Digest = p.Digest
	host.Manifests[ref] = known
	ref.Tag = ""
	host.Manifests[ref] = known
	return nil
}

// built notes an image that a tool built.
func (r *reader) built(row *row) error {
	if r.host == "" {
		r.host = row.Host
	}
	d, ok := inventory.ParseDigest(row.Digest)
	switch {
	case row.Host == "" || row.Host != r.host || len(row.Host) > longest:
		return invalid("images that tools built are of two registries, %.80q and %.80q", r.host, row.Host)
	case !harbor.ValidRepository(row.Path):
		return invalid("%.80q is no repository", row.Path)
	case !harbor.ValidTag(row.Tag):
		return invalid("%.80q is no tag", row.Tag)
	case !ok:
		return invalid("%.80q is no digest", row.Digest)
	case row.SizeBytes < 0:
		return invalid("an image of %d bytes", row.SizeBytes)
	}
	details := inventory.Details{Platforms: strings.Join(row.Platforms, ","), Signed: row.Signed != nil && *row.Signed}
	if row.Stack != nil {
		details.Stack = row.Stack.Name
	}
	if len(details.Platforms) > longest || len(details.Stack) > longest {
		return invalid("platforms or stack of %.80q are longer than any", row.Path)
	}
	if err := r.count(row.Path, row.Tag); err != nil { // the rest is shared by many
		return err
	}
	image := inventory.Image{
		Tag: strings.Clone(row.Tag), Digest: d, Size: row.SizeBytes, Details: unique.Make(details), Scan: scanOf(row.Vulnerabilities),
	}
	if !row.PushedAt.IsZero() {
		image.Pushed = row.PushedAt.UnixMilli()
	}
	p, name := r.projectOf(row.Path)
	p.repositories[name] = append(p.repositories[name], image)
	return nil
}

func scanOf(v *api.Vulnerabilities) *inventory.Scan {
	if v == nil {
		return nil
	}
	out := &inventory.Scan{Critical: v.Critical, High: v.High, Medium: v.Medium, Low: v.Low, Negligible: v.Negligible, Unknown: v.Unknown}
	if v.Fixable != nil {
		out.Fixable = *v.Fixable
	}
	if !v.ScannedAt.IsZero() {
		out.At = v.ScannedAt.UnixMilli()
	}
	return out
}

// count fails once more is to be kept than is allowed.
func (r *reader) count(texts ...string) error {
	r.rows++
	for _, text := range texts {
		r.texts += int64(len(text))
	}
	if r.rows > r.opts.MaxRows || r.texts > longTexts {
		return tooLarge("it tells of more images than are allowed")
	}
	return nil
}

func invalid(format string, args ...any) error {
	return fault.New(fault.Invalid, "read the seed", "", format, args...)
}
