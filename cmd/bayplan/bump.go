package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/Masterminds/semver/v3"
	"github.com/spf13/cobra"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/bump"
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
	keepLocal(cmd, "from", "build-style", "revision")
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
