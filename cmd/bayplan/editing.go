package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/edit"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/lint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/strictyaml"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// editing is what the commands share that change a catalog.
type editing struct {
	std    streams
	chart  string
	dryRun bool
}

// editingLong is what the help of each of them says.
const editingLong = `

Only the lines that must change do: comments, order and quoting stay. The result
is checked before it is written: a change that makes a catalog no server takes is
refused, and what else "bayplan lint" would find since is told. What changed is
printed as a diff; --dry-run prints it and writes nothing.`

func (e *editing) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&e.chart, "chart", ".", "the chart's `FOLDER`")
	cmd.Flags().BoolVar(&e.dryRun, "dry-run", false, "print what would change, and write nothing")
	_ = cmd.MarkFlagDirname("chart") // the flag was just made
	cmd.ValidArgsFunction = e.completeImages
	if cmd.Flags().Lookup("replaced-by") != nil {
		_ = cmd.RegisterFlagCompletionFunc("replaced-by", e.completeImages)
	}
	keepLocal(cmd, "chart")
}

func (e *editing) values() string { return filepath.Join(e.chart, "values.yaml") }

// catalog reads the catalog as it is.
func (e *editing) catalog() ([]byte, *chart.Catalog, error) {
	if _, err := os.Stat(filepath.Join(e.chart, "Chart.yaml")); errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fault.New(fault.Usage, "", "--chart", "there is no chart in %s", e.chart).
			WithHint("name the folder that holds Chart.yaml and values.yaml")
	}
	text, err := readLimited(e.values(), strictyaml.MaxBytes)
	if err != nil {
		return nil, nil, fault.Wrap(fault.Usage, "read", e.values(), err)
	}
	loaded, findings := chart.FromValues(text).Check()
	if loaded == nil {
		return nil, nil, fault.New(fault.Invalid, "read", e.values(), "%s", findings[0].Message)
	}
	return text, loaded.Catalog, nil
}

// apply makes changes and writes the result.
func (e *editing) apply(before []byte, changes []edit.Change) error {
	after, err := edit.Apply(before, changes...)
	if err != nil {
		return fault.Wrap(fault.Usage, "edit", e.values(), err)
	}
	if string(before) == string(after) {
		fmt.Fprintln(e.std.err, "nothing changes: it is so already")
		return nil
	}
	if worse := edit.Worse(before, after); len(worse) > 0 {
		for _, f := range worse {
			f.File = e.values()
			fmt.Fprintln(e.std.err, shown(f.String()))
		}
		return fault.New(fault.Usage, "edit", e.values(), "the change would break %s: nothing was written", count(len(worse), "rule"))
	}
	printFileDiff(e.std, e.values(), before, after)
	e.lint(before, after)
	if e.dryRun {
		return nil
	}
	if err := rewriteFile(e.values(), before, after); err != nil {
		return fault.Wrap(fault.Usage, "write", e.values(), withoutPath(err))
	}
	return nil
}

// lint tells what lint finds since the change, and did not before. That is no
// reason not to make it: it may be meant, or be half of what is meant.
func (e *editing) lint(before, after []byte) {
	type finding struct{ rule, path, message string }
	opts := lint.Options{Today: chart.Date(time.Now().UTC().Format(time.DateOnly)), DefaultType: lint.DefaultType}
	had := map[finding]bool{}
	for _, f := range lint.Run(chart.FromValues(before), opts).Findings {
		had[finding{f.Rule, f.Path, f.Message}] = true
	}
	for _, f := range lint.Run(chart.FromValues(after), opts).Findings {
		if !had[finding{f.Rule, f.Path, f.Message}] {
			f.File = e.values()
			fmt.Fprintln(e.std.err, shown(f.String()))
		}
	}
}

// matching gives the images that names and patterns mean, each once.
func matching(catalog *chart.Catalog, patterns []string) ([]string, error) {
	var out []string
	seen := map[string]bool{}
	for _, pattern := range patterns {
		names, err := edit.Matching(catalog, pattern)
		if err != nil {
			return nil, fault.Wrap(fault.Usage, "", "", err)
		}
		for _, name := range names {
			if !seen[name] {
				seen[name] = true
				out = append(out, name)
			}
		}
	}
	return out, nil
}

// completeImages completes the names of images in the chart.
func (e *editing) completeImages(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	_, catalog, err := e.catalog()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	names, err := edit.Matching(catalog, "*")
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// completeFirst completes the first argument alone: those behind it are new names.
func (e *editing) completeFirst(cmd *cobra.Command, args []string, begin string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return e.completeImages(cmd, args, begin)
}

// lifecycleFlags are the dates of an image's life.
type lifecycleFlags struct{ deprecated, unsupported, removed string }

func (f *lifecycleFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.deprecated, "deprecated", "", "UTC `DAY` from which on it is deprecated, YYYY-MM-DD")
	cmd.Flags().StringVar(&f.unsupported, "unsupported", "", "UTC `DAY` from which on it gets no security updates")
	cmd.Flags().StringVar(&f.removed, "removed", "", "UTC `DAY` from which on it is not offered any more")
}

func (f *lifecycleFlags) changes(name string) ([]edit.Change, error) {
	var out []edit.Change
	for _, one := range []struct{ which, day string }{{"deprecated", f.deprecated}, {"unsupported", f.unsupported}, {"removed", f.removed}} {
		if one.day == "" {
			continue
		}
		if _, err := time.Parse(time.DateOnly, one.day); err != nil {
			return nil, fault.New(fault.Usage, "", "--"+one.which, "%q is no day: write YYYY-MM-DD", one.day)
		}
		out = append(out, edit.SetDate(name, one.which, chart.Date(one.day)))
	}
	return out, nil
}
