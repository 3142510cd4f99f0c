package main

import (
	"cmp"
	"fmt"
	"path/filepath"

	"github.com/Masterminds/semver/v3"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/bump"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/compare"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// bumped is the answer of bump as data.
type bumped struct {
	Chart string `json:"chart"`
	// From is what was published last; nil if nothing was.
	From *side `json:"from,omitempty"`
	// Step is what the changes demand.
	Step     bump.Step `json:"step"`
	Breaking int       `json:"breaking"` // changes that break somebody
	Safe     int       `json:"safe"`     // the others
	// Was is the version in Chart.yaml, and Version what it is to say.
	Was     string      `json:"was"`
	Version string      `json:"version"`
	Notes   []bump.Note `json:"notes"`
	// Written tells that Chart.yaml was changed.
	Written bool `json:"written"`

	before, after []byte
}

// String says what came of it in a sentence.
func (b *bumped) String() string {
	switch {
	case b.From == nil:
		return "nothing is published there yet: the first version is " + b.Version
	case b.Step == bump.None && b.Version == b.Was:
		return "no difference from " + cmp.Or(b.From.Version, b.From.Name) + ": nothing to bump"
	}
	return fmt.Sprintf("%s follows %s: %d breaking and %d safe changes, step %s",
		b.Version, cmp.Or(b.From.Version, b.From.Name), b.Breaking, b.Safe, b.Step)
}

// decide finds out the version and the notes, and writes them into the text.
func (o *bumpOptions) decide(plan *bumped, now side, notes []bump.Note) error {
	var changes compare.Changes
	switch {
	case plan.From != nil:
		changes = compare.Catalogs(plan.From.catalog, now.catalog)
		plan.Notes = append(plan.Notes, bump.Notes(changes)...)
	default:
		first := "first version: " + count(len(now.catalog.Images), "image")
		plan.Notes = append(plan.Notes, bump.Note{Kind: bump.NoteKinds()[0], Description: first})
	}
	plan.Notes = bump.Sorted(append(plan.Notes, notes...))
	plan.Step, plan.Breaking, plan.Safe = bump.Demanded(changes), len(changes.Breaking()), len(changes.Safe())
	if len(notes) > 0 {
		plan.Step = max(plan.Step, bump.Patch)
	}
	if plan.From != nil && plan.Step == bump.None && o.to == "" {
		return nil
	}
	if o.buildStyle && plan.Breaking > 0 && !o.allowBreaking {
		return o.object(changes.Breaking())
	}
	version, err := o.version(plan)
	if err != nil {
		return err
	}
	plan.Version = version.String()
	edit := bump.Edit{Version: plan.Version, Notes: plan.Notes}
	if plan.From != nil {
		edit.Published = plan.From.Version
	}
	if plan.after, err = bump.Apply(plan.before, edit); err != nil {
		return fault.Wrap(fault.Usage, "bump", filepath.Join(plan.Chart, "Chart.yaml"), err)
	}
	return nil
}

// object says what a build would break.
func (o *bumpOptions) object(breaking compare.Changes) error {
	for _, c := range breaking {
		fmt.Fprintln(o.std.err, shown("breaking: "+c.Path+": "+c.Reason))
	}
	fmt.Fprintf(o.std.err, "nothing was written: %s somebody; --allow-breaking numbers the build all the same\n", breaksWord(len(breaking)))
	return errFindings
}

func breaksWord(n int) string {
	if n == 1 {
		return "1 change breaks"
	}
	return count(n, "change") + " break"
}

// version gives the version that the chart is to have.
func (o *bumpOptions) version(plan *bumped) (*semver.Version, error) {
	var before *semver.Version // nil where none is known
	if plan.From != nil {
		before, _ = semver.StrictNewVersion(plan.From.Version) // a ConfigMap may say anything
	}
	if plan.From != nil && before == nil && o.to == "" {
		return nil, fault.New(fault.Usage, "", "--from", "%s says no version that another could follow", plan.From.Name).
			WithHint("name the new version with --to")
	}
	if o.buildStyle {
		at, err := sourceDate()
		if err != nil {
			return nil, err
		}
		build, err := bump.NextBuild(before, at, o.revision)
		if err != nil {
			return nil, fault.Wrap(fault.Usage, "", "--revision", err)
		}
		return build, nil
	}
	if o.to != "" {
		to := semver.MustParse(o.to) // it was checked
		if before == nil {
			return to, nil
		}
		if err := bump.Enough(before, to, plan.Step); err != nil {
			return nil, fault.Wrap(fault.Usage, "", "--to", err)
		}
		return to, nil
	}
	own := semver.MustParse(plan.Was) // the chart is valid
	if before == nil {
		return bump.First(own), nil
	}
	if next := bump.Next(before, plan.Step); own.LessThan(next) {
		return next, nil
	}
	return own, nil
}

// finish writes what was decided and says it.
func (o *bumpOptions) finish(plan *bumped, file string) error {
	changes := string(plan.before) != string(plan.after)
	if changes && !o.dryRun {
		if err := rewriteFile(file, plan.before, plan.after); err != nil {
			return fault.Wrap(fault.Usage, "write", file, withoutPath(err))
		}
		plan.Written = true
	}
	err := o.output.print(o.std.out, plan, func() error {
		if changes {
			printFileDiff(o.std, file, plan.before, plan.after)
		}
		return nil
	})
	fmt.Fprintln(o.std.err, shown(plan.String()))
	return err
}
