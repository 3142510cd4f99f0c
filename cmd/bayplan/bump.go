package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/Masterminds/semver/v3"
	"github.com/spf13/cobra"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/bump"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/compare"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/strictyaml"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

type bumpOptions struct {
	std           streams
	output        outputFlag
	from          string
	to            string
	notes         []string
	buildStyle    bool
	revision      string
	allowBreaking bool
	dryRun        bool
	timeout       time.Duration
	source        sourceFlags
}

func newBumpCommand(std streams) *cobra.Command {
	o := &bumpOptions{std: std}
	cmd := &cobra.Command{
		Use:   "bump CHART --from CATALOG",
		Short: "Give a chart the version that its changes demand, and notes of them",
		Long: `Bump compares a chart's directory with the version published last, and writes into
its Chart.yaml the next version and, as artifacthub.io/changes, what changed. All
else in the file stays as it is: comments, order, quoting. The diff is printed.

What breaks somebody is a major step (a removed name, a moved alias); a new name
or a deprecation is a minor one; a description is a patch. Below 1.0.0 each step
is one smaller: what breaks grows the second number, all else the third. A
version in Chart.yaml that is step enough already stays.

--from is an oci:// reference (without version, digest or --constraint: its newest
version, builds such as 0.0.28-20260722001336-ea583302 among them), or whatever
else "bayplan diff" compares. Where nothing was published yet, the first version
is 0.1.0, or the one that Chart.yaml names.

appVersion follows where it says the same as version, or the published version.
The notes of the version before are written over; --note adds what no comparison
can see.

With --build-style versions are as builds number them, 0.0.N-<time>-<commit>: N
grows by one, the time is SOURCE_DATE_EPOCH or now, the commit is --revision
(BAYPLAN_REVISION). What breaks somebody needs --allow-breaking.

The exit code is 0 if there is nothing to bump, too, and 1 if a build would break
somebody.`,
		Example: `  bayplan bump ./chart/image-config --from oci://harbor.example/toolforge/image-config --dry-run
  bayplan bump ./chart/image-config --from image-config-0.0.28.tgz --note 'security: bookworm has the fixed openssl'
  bayplan bump ./chart/image-config --from oci://harbor.example/toolforge/image-config:1.4.2 --to 2.0.0
  bayplan bump ./chart/image-config --from oci://harbor.example/toolforge/image-config --build-style --revision "$CI_COMMIT_SHA"`,
		DisableFlagsInUseLine: true,
		Args:                  oneArgument("a chart's directory"),
		ValidArgsFunction:     completeFolder,
		RunE:                  func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args[0]) },
	}
	flags := cmd.Flags()
	flags.StringVar(&o.from, "from", "", "the `CATALOG` that was published last")
	flags.StringVar(&o.to, "to", "", "the new `VERSION`; refused if it is too small a step")
	flags.StringArrayVar(&o.notes, "note", nil, "one more note, `KIND:TEXT`; kinds: "+strings.Join(bump.NoteKinds(), ", ")+" (repeatable)")
	flags.BoolVar(&o.buildStyle, "build-style", false, "number it as builds do: 0.0.N-<time>-<commit>")
	flags.StringVar(&o.revision, "revision", "", "the `COMMIT` of a build, 8 hexadecimal digits or more")
	flags.BoolVar(&o.allowBreaking, "allow-breaking", false, "number a build although it breaks somebody")
	flags.BoolVar(&o.dryRun, "dry-run", false, "print what would change, and write nothing")
	flags.DurationVar(&o.timeout, "timeout", 30*time.Second, "how long the whole may take")
	o.source.registerVersion(cmd)
	o.source.registerCluster(cmd)
	o.output.register(cmd)
	_ = cmd.RegisterFlagCompletionFunc("note", completeNoteKind) // the flag was just made
	return cmd
}

// completeFolder completes folders, for one argument.
func completeFolder(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 0 {
		return nil, cobra.ShellCompDirectiveFilterDirs
	}
	return nil, cobra.ShellCompDirectiveNoFileComp
}

func completeNoteKind(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	words := bump.NoteKinds()
	for i := range words {
		words[i] += ":"
	}
	return words, cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
}

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

func (o *bumpOptions) run(ctx context.Context, path string) error {
	notes, err := o.check()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, o.timeout, fault.New(fault.Unreachable, "", "", "there was no answer within %s", o.timeout).
		WithHint("allow more with --timeout"))
	defer cancel()
	file := filepath.Join(path, "Chart.yaml")
	before, err := o.chartFile(path, file)
	if err != nil {
		return err
	}
	reader := &sideReader{source: o.source, std: o.std}
	now, err := reader.read(ctx, path)
	if err != nil {
		return err
	}
	published, err := o.published(ctx, reader)
	if err != nil {
		return err
	}
	plan := bumped{Chart: path, From: published, Was: now.Version, Version: now.Version, Notes: []bump.Note{}, before: before, after: before}
	if err := o.decide(&plan, now, notes); err != nil {
		return err
	}
	return o.finish(&plan, file)
}

// check reads the flags that need no look at anything, and gives the notes.
func (o *bumpOptions) check() ([]bump.Note, error) {
	switch {
	case o.timeout <= 0:
		return nil, fault.New(fault.Usage, "", "--timeout", "%s is no time to compare in", o.timeout)
	case o.from == "":
		return nil, fault.New(fault.Usage, "", "", "it is not said what was published last").
			WithHint("name it with --from: oci://HOST/PATH/image-config (its newest version), oci://…:VERSION, a packaged chart (.tgz) or a chart's directory")
	case o.from == standardInput:
		return nil, fault.New(fault.Usage, "", "--from", "standard input is not read here: name a file")
	case o.to != "" && o.buildStyle:
		return nil, fault.New(fault.Usage, "", "--to", "a build's number is made, not named: leave out --to or --build-style")
	case !o.buildStyle && o.allowBreaking:
		return nil, fault.New(fault.Usage, "", "--allow-breaking", "it is for --build-style: other versions say by their step that something breaks")
	}
	if _, err := semver.StrictNewVersion(o.to); o.to != "" && err != nil {
		return nil, fault.New(fault.Usage, "", "--to", "%q is no SemVer version: write MAJOR.MINOR.PATCH, for example 0.0.29", o.to)
	}
	var notes []bump.Note
	for _, text := range o.notes {
		kind, description, found := strings.Cut(text, ":")
		description = strings.TrimSpace(description)
		if !found || description == "" || !slices.Contains(bump.NoteKinds(), kind) {
			return nil, fault.New(fault.Usage, "", "--note", "%q is not KIND:TEXT", text).
				WithHint("kinds are %s", strings.Join(bump.NoteKinds(), ", "))
		}
		notes = append(notes, bump.Note{Kind: kind, Description: description})
	}
	return notes, nil
}

// chartFile reads the file that is edited.
func (o *bumpOptions) chartFile(path, file string) ([]byte, error) {
	info, err := os.Stat(path)
	if err == nil && !info.IsDir() {
		return nil, fault.New(fault.Usage, "", path, "only a chart's directory can be edited")
	}
	text, err := readLimited(file, strictyaml.MaxBytes)
	if err != nil {
		return nil, fault.New(fault.Usage, "bump", path, "there is no chart: %w", withoutPath(err)).
			WithHint("name the folder that holds Chart.yaml and values.yaml")
	}
	return text, nil
}

// published reads what was published last; nil if nothing was. Of a repository it
// is the newest version, builds included.
func (o *bumpOptions) published(ctx context.Context, reader *sideReader) (*side, error) {
	newest := strings.HasPrefix(o.from, "oci://") && !hasVersion(o.from) && o.source.constraint == ""
	if newest {
		reader.source.constraint = ">=0.0.0"
		if reader.source.prereleases == "" {
			reader.source.prereleases = buildStyle
		}
	}
	found, err := reader.read(ctx, o.from)
	if newest && fault.Is(err, fault.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &found, nil
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
	if plan.From != nil && before == nil {
		return nil, fault.New(fault.Usage, "", "--from", "%s says no version that another could follow", plan.From.Name).
			WithHint("name the new version with --to")
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
		if err := rewriteFile(file, plan.after); err != nil {
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
