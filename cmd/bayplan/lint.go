package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

type lintOptions struct {
	std    streams
	output outputFlag
}

func newLintCommand(std streams) *cobra.Command {
	o := &lintOptions{std: std}
	cmd := &cobra.Command{
		Use:   "lint CHART…",
		Short: "Report everything that is wrong with a catalog chart, at once",
		Long: `Lint reads catalog charts (directories or packaged charts) and reports every
finding with its file, line and column. It asks no registry.

The exit code is 0 if there is nothing to report, 1 if there are findings, and 2
if a chart cannot be read; the others are linted all the same.`,
		Example: `  bayplan lint ./chart/image-config
  bayplan lint image-config-0.0.28.tgz -o json`,
		DisableFlagsInUseLine: true,
		Args:                  someArguments("a chart"),
		RunE:                  func(_ *cobra.Command, paths []string) error { return o.run(paths) },
	}
	o.output.register(cmd)
	return cmd
}

// lintResult is the answer of lint as data.
type lintResult struct {
	Findings chart.Findings `json:"findings"`
}

func (o *lintOptions) run(paths []string) error {
	result := lintResult{Findings: chart.Findings{}}
	var unread []error
	for _, path := range paths {
		source, err := chart.Open(path)
		if err != nil {
			unread = append(unread, unreadable(path, err))
			continue
		}
		_, findings := source.Check()
		result.Findings = append(result.Findings, findings...)
	}
	if read := len(paths) - len(unread); read > 0 {
		if err := o.print(result, read); err != nil {
			return err
		}
	}
	switch {
	case len(unread) > 0:
		return errors.Join(unread...)
	case len(result.Findings) > 0:
		return errFindings
	}
	return nil
}

func (o *lintOptions) print(result lintResult, charts int) error {
	err := o.output.print(o.std.out, result, func() error {
		for _, f := range result.Findings {
			if _, err := fmt.Fprintln(o.std.out, shown(f.String())); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	summary := "nothing found"
	if len(result.Findings) > 0 {
		summary = count(len(result.Findings.Errors()), "error") + ", " + count(len(result.Findings.Warnings()), "warning")
	}
	fmt.Fprintf(o.std.err, "%s linted: %s\n", count(charts, "chart"), summary)
	return nil
}

// unreadable says what to do about a path that leads to no chart.
func unreadable(path string, err error) error {
	e := &fault.Error{Kind: fault.Usage, Op: "lint", Err: err}
	switch base := filepath.Base(path); {
	case strings.Contains(path, "://"):
		e.Side, e.Err = path, errors.New("lint reads files")
		return e.WithHint("fetch the chart first: helm pull %s", path)
	case base == "values.yaml" || base == "Chart.yaml":
		return e.WithHint("name the chart's directory: bayplan lint %s", filepath.Dir(path))
	}
	if _, there := os.Stat(path); there != nil {
		e.Side, e.Err = path, withoutPath(there)
	} else if errors.Is(err, fs.ErrNotExist) {
		return e.WithHint("a catalog chart holds Chart.yaml and values.yaml")
	}
	return e
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
