package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/lint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/nearest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

type lintOptions struct {
	std         streams
	output      outputFlag
	explain     bool
	today       string
	defaultType string
	hosts       []string
	live        liveFlags
}

func newLintCommand(std streams) *cobra.Command {
	o := &lintOptions{std: std}
	cmd := &cobra.Command{
		Use:   "lint CHART… | lint --explain [RULE…]",
		Short: "Report everything that is wrong with a catalog chart, at once",
		Long: `Lint reads catalog charts (directories, packaged charts, or files with the legacy
document) and reports every finding with its file, line and column: what a server
refuses, and what is valid and still a mistake. Each finding names its rule;
--explain says why that is one, with an example. It asks no registry, unless --live
is given.

What is so on purpose is accepted by a comment with the reason, on the line or
above it; what a server refuses cannot be:

  # lint:allow alias-contradicts-state: stored jobs carry this alias

The exit code is 0 if there is nothing to report, 1 if there are findings, and 2
if a chart cannot be read or a registry cannot be asked; the rest is linted all
the same.`,
		Example: `  bayplan lint ./chart/image-config
  bayplan lint image-config-0.0.28.tgz -o json
  bayplan lint ./chart/image-config --allow-host registry.example --allow-host harbor.example
  bayplan lint ./chart/image-config --live --published oci://harbor.example/toolforge/image-config:0.0.28
  bayplan lint --explain near-miss`,
		DisableFlagsInUseLine: true,
		Args:                  o.arguments,
		ValidArgsFunction:     o.complete,
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.explain {
				return o.runExplain(args)
			}
			return o.run(cmd.Context(), args)
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&o.explain, "explain", false, "say why these rules are rules, or list all")
	flags.StringArrayVar(&o.hosts, "allow-host", nil, "registry `HOST` that images may come from; without any, all may (repeatable)")
	flags.StringVar(&o.defaultType, "default-type", lint.DefaultType, "`NAME` that the webservice command starts when its user names none; \"\" if nobody reads one")
	flags.StringVar(&o.today, "today", "", "UTC `DAY` that dates are compared with, YYYY-MM-DD (default: today)")
	o.output.register(cmd)
	o.live.register(cmd)
	return cmd
}

// arguments wants charts, or the names of rules.
func (o *lintOptions) arguments(cmd *cobra.Command, args []string) error {
	if !o.explain {
		return someArguments("a chart")(cmd, args)
	}
	for _, name := range args {
		if _, known := lint.Find(name); !known {
			return usage(cmd, nearest.Words(name, lint.Names(), 1), "there is no rule %q", name)
		}
	}
	return nil
}

// lintResult is the answer of lint as data; schemas/lint.schema.json says more.
type lintResult struct {
	Findings chart.Findings `json:"findings"`
	Allowed  []lint.Allowed `json:"allowed"`
}

func (o *lintOptions) run(ctx context.Context, paths []string) error {
	opts, err := o.options()
	if err != nil {
		return err
	}
	var sources []*chart.Source
	var failed []error
	for _, path := range paths {
		source, err := openCatalog(path)
		if err != nil {
			failed = append(failed, unreadable("lint", path, err))
			continue
		}
		sources = append(sources, source)
	}
	if o.live.asked() && len(sources) > 0 {
		facts, unasked, err := o.live.facts(ctx, o.std, sources)
		if err != nil {
			return err
		}
		opts.Facts = facts
		failed = append(failed, unasked...)
	}
	result := lintResult{Findings: chart.Findings{}, Allowed: []lint.Allowed{}}
	for _, source := range sources {
		one := lint.Run(source, opts)
		result.Findings = append(result.Findings, one.Findings...)
		result.Allowed = append(result.Allowed, one.Allowed...)
	}
	if len(sources) > 0 {
		if err := o.print(result, len(sources)); err != nil {
			return err
		}
	}
	switch {
	case len(failed) > 0:
		return errors.Join(failed...)
	case len(result.Findings) > 0:
		return errFindings
	}
	return nil
}

// options makes of the flags what the rules may know.
func (o *lintOptions) options() (lint.Options, error) {
	today := o.today
	if today == "" {
		today = time.Now().UTC().Format(time.DateOnly)
	}
	if _, err := time.Parse(time.DateOnly, today); err != nil {
		return lint.Options{}, fault.New(fault.Usage, "", "--today", "%q is no day: write YYYY-MM-DD", today)
	}
	return lint.Options{Today: chart.Date(today), AllowedHosts: o.hosts, DefaultType: o.defaultType}, nil
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
	if len(result.Allowed) > 0 {
		summary += fmt.Sprintf(", %d accepted", len(result.Allowed))
	}
	fmt.Fprintf(o.std.err, "%s linted: %s\n", count(charts, "chart"), summary)
	return nil
}

// unreadable says what to do about a path that leads to no chart.
func unreadable(op, path string, err error) error {
	e := &fault.Error{Kind: fault.Usage, Op: op, Err: err}
	switch base := filepath.Base(path); {
	case strings.Contains(path, "://"):
		e.Side, e.Err = path, fmt.Errorf("%s reads files", op)
		return e.WithHint("fetch the chart first: helm pull %s", path)
	case base == "values.yaml" || base == "Chart.yaml":
		return e.WithHint("name the chart's directory: bayplan %s %s", op, filepath.Dir(path))
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
