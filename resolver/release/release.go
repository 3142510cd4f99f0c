// Package release publishes one version of a catalog chart to several
// registries, so that all of them show the same.
//
// It looks first, at all of them, and writes only where nothing stands in the
// way at any; blobs go everywhere before the first tag, so that what can fail
// has failed while nobody sees anything. What was interrupted is finished by
// doing it again: whatever is there already is taken over, its signature and
// annotations too, so that the digest stays the same. What may be published is
// decided before, by packages of the chart wing; how one registry is written to
// is package artifact's.
package release

import (
	"bytes"
	"context"
	"regexp"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/artifact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// Release is one version on its way to registries.
type Release struct {
	// Client asks for provenance (artifact.Options.Provenance).
	Client  *artifact.Client
	Package artifact.Package
	// Version is what Package's Chart.yaml says.
	Version string
	// Targets are the repositories, without version or digest.
	Targets []artifact.Reference
	// Told is called with each step before it is taken; nil tells nobody.
	Told func(step string, target artifact.Reference)
}

// Plan is a release that nothing stands in the way of.
type Plan struct {
	release Release
	// There has, for each target, the chart that has the version already and is
	// the same; nil where nothing has.
	There []*artifact.Chart
	// Adopted tells that signature and annotations are those that were found.
	Adopted bool
}

// Look asks every target whether the version is free, or there with the same
// chart. It writes nothing. Errors: fault.Conflict where another chart has the
// version (unless Package.Move allows that), and those of artifact.Client.Pull.
func (r Release) Look(ctx context.Context) (*Plan, error) {
	if r.Told == nil {
		r.Told = func(string, artifact.Reference) {}
	}
	p := &Plan{release: r, There: make([]*artifact.Chart, len(r.Targets))}
	for i, target := range r.Targets {
		r.Told("looking at", target)
		found, err := r.existing(ctx, target)
		if err != nil {
			return nil, err
		}
		if p.There[i] = found; found != nil {
			p.adopt(found)
		}
	}
	return p, nil
}

// existing pulls what has the version at a target; nil if nothing has, or what
// has it may be replaced.
func (r Release) existing(ctx context.Context, target artifact.Reference) (*artifact.Chart, error) {
	found, err := r.Client.Pull(ctx, target, artifact.Selection{Version: r.Version})
	switch {
	case fault.Is(err, fault.NotFound):
		return nil, nil
	case r.Package.Move && (fault.Is(err, fault.Invalid) || fault.Is(err, fault.TooLarge)):
		return nil, nil
	case err != nil:
		return nil, err
	case bytes.Equal(found.Archive, r.Package.Archive):
		return found, nil
	case r.Package.Move:
		return nil, nil
	}
	return nil, fault.New(fault.Conflict, "publish chart", found.Reference.String(), "this version is published already with other content").
		WithHint("publish under a new version; a published one does not change")
}

// adopt takes signature and annotations over from what is published already: a
// new signature would make another digest of the same chart.
func (p *Plan) adopt(found *artifact.Chart) {
	if p.Adopted {
		return
	}
	p.Adopted = true
	p.release.Package.Provenance = found.Provenance
	p.release.Package.Annotations = found.Annotations
}

// Done tells whether every target has the version.
func (p *Plan) Done() bool {
	for _, there := range p.There {
		if there == nil {
			return false
		}
	}
	return true
}

// Run publishes where the version is missing, and reads back what was written.
// The result has one entry for each target, in order. Errors are those of
// artifact.Client.Publish, and fault.Tampered where a registry gives back
// something else than it was given. What was done before an error stays, and is
// found by the next Look.
func (p *Plan) Run(ctx context.Context) ([]artifact.Published, error) {
	r := p.release
	for i, target := range r.Targets {
		if p.There[i] == nil {
			r.Told("uploading to", target)
			if err := r.Client.Upload(ctx, target, r.Package); err != nil {
				return nil, err
			}
		}
	}
	out := make([]artifact.Published, 0, len(r.Targets))
	for i, target := range r.Targets {
		if there := p.There[i]; there != nil {
			out = append(out, already(there))
			continue
		}
		r.Told("publishing to", target)
		done, err := r.Client.Publish(ctx, target, r.Package)
		if err != nil {
			return out, err
		}
		r.Told("reading back from", target)
		if err := p.readBack(ctx, done); err != nil {
			return out, err
		}
		out = append(out, done)
	}
	return out, nil
}

// already is the outcome where the version was there before.
func already(c *artifact.Chart) artifact.Published {
	return artifact.Published{
		Reference: c.Reference, Version: c.Version, Tag: artifact.TagOf(c.Version), Digest: c.Digest,
		ArchiveDigest: c.ArchiveDigest, AlreadyPublished: true,
	}
}

// readBack pulls what was published, as its readers will.
func (p *Plan) readBack(ctx context.Context, done artifact.Published) error {
	pulled, err := p.release.Client.Pull(ctx, done.Reference.Repository(), artifact.Selection{Version: done.Version, Digest: done.Digest})
	if err != nil {
		return err
	}
	if !bytes.Equal(pulled.Archive, p.release.Package.Archive) || !bytes.Equal(pulled.Provenance, p.release.Package.Provenance) {
		return fault.New(fault.Tampered, "read back", done.Reference.String(), "the registry gives back something else than was published")
	}
	return nil
}

// Newest pulls the newest version in a repository, or gives nil if there is none.
// Of pre-releases those count that a pattern admits; nil admits none. Errors are
// those of artifact.Client.Pull, but for fault.NotFound.
func Newest(ctx context.Context, client *artifact.Client, repository artifact.Reference, preReleases *regexp.Regexp) (*artifact.Chart, error) {
	newest, err := client.Pull(ctx, repository, artifact.Selection{Constraint: ">=0.0.0", PreReleases: preReleases})
	if fault.Is(err, fault.NotFound) {
		return nil, nil
	}
	return newest, err
}
