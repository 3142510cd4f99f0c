package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/compare"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/consumers"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/gate"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/render"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/artifact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/release"
)

// publication is the answer of publish as data.
type publication struct {
	Chart         string `json:"chart"`
	Version       string `json:"version"`
	ArchiveDigest string `json:"archive_digest"`
	SignedBy      string `json:"signed_by,omitempty"`
	DryRun        bool   `json:"dry_run,omitempty"`
	// Done tells that every registry has the version.
	Done       bool        `json:"done"`
	Registries []shelved   `json:"registries"`
	Objections []objection `json:"objections"`

	blocked bool
}

// objection is what speaks against a publication.
type objection struct {
	gate.Objection
	Allowed bool `json:"allowed"`
}

// shelved is how it stands in one registry.
type shelved struct {
	Reference artifact.Reference `json:"reference"`
	// Before is the version that it was compared with; "" if there was none.
	Before string `json:"before,omitempty"`
	// Digest is the manifest's; "" while nothing is published.
	Digest string `json:"digest,omitempty"`
	// Status is "free", "published" or "already published".
	Status string `json:"status"`
}

const (
	statusFree      = "free"
	statusPublished = "published"
	statusThere     = "already published"
)

// object finds out what speaks against the publication: what lint found, and the
// comparison with what each target has. Where the version is already, that was
// decided when it was published, and nothing is asked again.
func (p *publication) object(ctx context.Context, with publishing, plan *release.Plan, objections []gate.Objection, allowed []string) error {
	seen := map[string]bool{}
	for i, target := range with.targets {
		with.told("comparing with", target)
		newest, err := release.Newest(ctx, with.client, target, with.pattern.releases)
		if err != nil {
			return err
		}
		one := shelved{Reference: target, Status: statusFree}
		if newest != nil {
			one.Before = newest.Version
		}
		if there := plan.There[i]; there != nil {
			one.Status, one.Digest, one.Reference = statusThere, there.Digest, there.Reference
		} else if newest != nil {
			found, err := objectionsTo(newest, with.pkg)
			if err != nil {
				return err
			}
			for _, o := range found {
				if !seen[o.Name] {
					seen[o.Name] = true
					objections = append(objections, o)
				}
			}
		}
		p.Registries = append(p.Registries, one)
	}
	if p.Done = plan.Done(); p.Done {
		objections = nil
	}
	left, idle := gate.Left(objections, allowed)
	if len(idle) > 0 && !plan.Adopted { // else it may have spoken against what is there
		return fault.New(fault.Usage, "", "--allow", "nothing of the name %s speaks against it", strings.Join(idle, ", ")).
			WithHint("--dry-run shows what does")
	}
	p.Objections = []objection{}
	for _, o := range objections {
		p.Objections = append(p.Objections, objection{o, !slices.Contains(left, o)})
	}
	return nil
}

// objectionsTo tells what speaks against a chart that follows another one.
func objectionsTo(before *artifact.Chart, now *packaged) ([]gate.Objection, error) {
	source, err := chart.FromArchive(before.Archive, before.Reference.String())
	if err != nil {
		return nil, err
	}
	out := gate.Consumers(consumers.Check(consumers.Of(source)), consumers.Check(consumers.Of(now.source)))
	loaded, err := source.Load()
	if _, invalid := errors.AsType[*chart.InvalidError](err); invalid {
		out = append(out, gate.Unreadable(before.Version))
	} else if err != nil {
		return nil, err
	} else {
		out = append(gate.Changes(compare.Catalogs(loaded.Catalog, now.chart.Catalog)), out...)
		out = append(out, gate.Names(loaded.Catalog, now.chart.Catalog)...)
	}
	dropped, err := droppedObjects(before, now.archive)
	if err != nil {
		return nil, err
	}
	out = append(out, dropped...)
	return append(out, gate.Version(before.Version, now.chart.Metadata.Version)...), nil
}

func droppedObjects(before *artifact.Chart, now []byte) ([]gate.Objection, error) {
	rendered, err := objectsOf(now)
	if err != nil {
		return nil, err
	}
	had, err := objectsOf(before.Archive)
	if err != nil { // it is published: nobody can mend it
		return []gate.Objection{gate.Unrendered(before.Version)}, nil
	}
	return gate.Objects(had, rendered), nil
}

func objectsOf(archive []byte) ([]string, error) {
	manifests, err := render.Archive(archive, render.Options{})
	if err != nil {
		return nil, err
	}
	return render.Objects(manifests)
}

// against are the objections that nothing allows.
func (p *publication) against() []objection {
	var out []objection
	for _, o := range p.Objections {
		if !o.Allowed {
			out = append(out, o)
		}
	}
	return out
}

// published notes what was done.
func (p *publication) published(done []artifact.Published) {
	for i, d := range done {
		one := &p.Registries[i]
		one.Reference, one.Digest, one.Status = d.Reference, d.Digest, statusPublished
		if d.AlreadyPublished {
			one.Status = statusThere
		}
	}
	p.Done = len(done) == len(p.Registries)
}

// sofar says what is published although the rest failed.
func (p *publication) sofar() string {
	var there []string
	for _, r := range p.Registries {
		if r.Status != statusFree {
			there = append(there, r.Reference.Host)
		}
	}
	if len(there) == 0 {
		return " (nothing was published)"
	}
	return " (published at " + strings.Join(there, ", ") + "; the same command goes on)"
}

func (o *publishOptions) print(p *publication) error {
	for _, text := range objectionTexts(p.Objections) {
		fmt.Fprintln(o.std.err, shown(text))
	}
	if err := o.output.print(o.std.out, p, func() error { return o.table(p) }); err != nil {
		return err
	}
	if p.blocked && !o.dryRun {
		fmt.Fprintln(o.std.err, "nothing was published: mend it, or allow each with --allow NAME")
	}
	return nil
}

func (o *publishOptions) table(p *publication) error {
	rows := make([][]string, len(p.Registries))
	for i, r := range p.Registries {
		status := r.Status
		if status == statusFree {
			status = "not published"
			if o.dryRun && !p.blocked {
				status = "would be published"
			}
		}
		rows[i] = []string{r.Reference.Repository().String(), p.Version, orDash(r.Before), status, orDash(r.Digest)}
	}
	return printTable(o.std, []string{"REPOSITORY", "VERSION", "BEFORE", "STATUS", "DIGEST"}, rows)
}
