package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/compare"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

type diffOptions struct {
	std      streams
	output   outputFlag
	breaking bool
	timeout  time.Duration
	source   sourceFlags
}

func newDiffCommand(std streams) *cobra.Command {
	o := &diffOptions{std: std}
	cmd := &cobra.Command{
		Use:   "diff OLD NEW",
		Short: "Say what changes between two catalogs, and whom it breaks",
		Long: `Diff compares two catalogs in the terms of those who read them: names, aliases,
states, references, what variants carry. Each change is safe or breaking, with the
reason: jobs and webservices that would no longer start, would run something else,
or would be out of sync.

Each side is one of

  a chart's directory, or a packaged chart (.tgz)
  oci://HOST/PATH:VERSION (or @DIGEST; without either, --constraint says which)
  a file with the legacy document (images-v1.yaml), with its ConfigMap, or with
    what "helm template" or "helm get manifest" print
  configmap://NAMESPACE/NAME, the legacy document of a cluster
  bundled, the sample that ships with Bayplan
  -, standard input: a packaged chart or any of those files

States are compared as they are written, dates without a look at the clock, and no
registry is asked whether it has the images. The exit code is 1 if there is a
difference (with --breaking: one that breaks somebody), and 0 if there is none.`,
		Example: `  bayplan diff oci://harbor.example/toolforge/image-config:0.0.28 ./chart/image-config
  bayplan diff configmap://tf-public/image-config oci://harbor.example/toolforge/image-config:0.0.29
  helm template image-config ./chart/image-config | bayplan diff images-v1.yaml -
  bayplan diff --breaking -o markdown old.tgz new.tgz`,
		DisableFlagsInUseLine: true,
		Args:                  twoCatalogs,
		ValidArgsFunction:     completeSides,
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.run(cmd.Context(), cmd.InOrStdin(), args[0], args[1])
		},
	}
	o.output.register(cmd, "markdown")
	cmd.Flags().BoolVar(&o.breaking, "breaking", false, "look at changes only that break somebody")
	cmd.Flags().DurationVar(&o.timeout, "timeout", 30*time.Second, "how long the whole may take")
	o.source.registerVersion(cmd)
	o.source.registerCluster(cmd)
	return cmd
}

// twoCatalogs wants both sides, of which one may be standard input.
func twoCatalogs(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) != 2:
		return usage(cmd, nil, "%s wants two catalogs, and got %d", cmd.CommandPath(), len(args))
	case args[0] == standardInput && args[1] == standardInput:
		return usage(cmd, nil, "standard input can be one side only")
	}
	return nil
}

// completeSides completes files, for two arguments.
func completeSides(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) < 2 {
		return nil, cobra.ShellCompDirectiveDefault
	}
	return nil, cobra.ShellCompDirectiveNoFileComp
}

// difference is the answer of diff as data.
type difference struct {
	From    side            `json:"from"`
	To      side            `json:"to"`
	Changes compare.Changes `json:"changes"`
}

func (o *diffOptions) run(ctx context.Context, stdin io.Reader, from, to string) error {
	if o.timeout <= 0 {
		return fault.New(fault.Usage, "", "--timeout", "%s is no time to compare in", o.timeout)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, o.timeout, fault.New(fault.Unreachable, "", "", "there was no answer within %s", o.timeout).
		WithHint("allow more with --timeout"))
	defer cancel()
	reader := &sideReader{source: o.source, stdin: stdin, std: o.std}
	before, err := reader.read(ctx, from)
	if err != nil {
		return err
	}
	after, err := reader.read(ctx, to)
	if err != nil {
		return err
	}
	all := compare.Catalogs(before.catalog, after.catalog)
	d := difference{From: before, To: after, Changes: all}
	if o.breaking {
		d.Changes = all.Breaking()
	}
	if d.Changes == nil {
		d.Changes = compare.Changes{}
	}
	if err := o.print(d); err != nil {
		return err
	}
	fmt.Fprintln(o.std.err, summary(all))
	if len(d.Changes) > 0 {
		return errFindings
	}
	return nil
}

func (o *diffOptions) print(d difference) error {
	if o.output.value == "markdown" {
		_, err := io.WriteString(o.std.out, diffMarkdown(d))
		return err
	}
	return o.output.print(o.std.out, d, func() error {
		_, err := io.WriteString(o.std.out, diffText(d.Changes, o.std.colour))
		return err
	})
}

func summary(all compare.Changes) string {
	if len(all) == 0 {
		return "no difference"
	}
	return fmt.Sprintf("%s, %d of them breaking", count(len(all), "change"), len(all.Breaking()))
}
