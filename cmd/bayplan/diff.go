package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/compare"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/consumers"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/gate"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

type diffOptions struct {
	std      streams
	output   outputFlag
	breaking bool
	allow    []string
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
or would be out of sync. What makes a consumer of today fail as a whole ("bayplan
check" knows them) comes first.

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
difference, and 0 if there is none. With --breaking it is 1 if there is one that
breaks somebody and is not allowed by its name, as "bayplan publish" has it: the
kind and what it is about (image-removed:node10), or the kind alone.`,
		Example: `  bayplan diff oci://harbor.example/toolforge/image-config:0.0.28 ./chart/image-config
  bayplan diff configmap://tf-public/image-config oci://harbor.example/toolforge/image-config:0.0.29
  helm template image-config ./chart/image-config | bayplan diff images-v1.yaml -
  bayplan diff --breaking -o markdown old.tgz new.tgz
  bayplan diff --breaking --allow image-removed:node10 old.tgz new.tgz`,
		DisableFlagsInUseLine: true,
		Args:                  twoCatalogs,
		ValidArgsFunction:     completeCatalogs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.run(cmd.Context(), cmd.InOrStdin(), args[0], args[1])
		},
	}
	cmd.Flags().BoolVar(&o.breaking, "breaking", false, "look at changes only that break somebody")
	cmd.Flags().StringArrayVar(&o.allow, "allow", nil, "leave out of --breaking what has this `NAME`, or the kind before the colon (repeatable)")
	keepLocal(cmd)
	o.output.register(cmd, "markdown")
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

// difference is the answer of diff as data.
type difference struct {
	From    side            `json:"from"`
	To      side            `json:"to"`
	Changes compare.Changes `json:"changes"`
	// Breaks are what makes a consumer that worked before fail as a whole.
	Breaks []consumers.Break `json:"breaks"`
}

func (o *diffOptions) run(ctx context.Context, stdin io.Reader, from, to string) error {
	if len(o.allow) > 0 && !o.breaking {
		return fault.New(fault.Usage, "", "--allow", "without --breaking every difference counts").WithHint("add --breaking")
	}
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
	all := differenceOf(before, after)
	d, err := o.wanted(all)
	if err != nil {
		return err
	}
	if err := o.print(d); err != nil {
		return err
	}
	fmt.Fprintln(o.std.err, summary(all))
	if len(d.Changes)+len(d.Breaks) > 0 {
		return errFindings
	}
	return nil
}

func differenceOf(before, after side) difference {
	return difference{
		From: before, To: after,
		Changes: append(compare.Changes{}, compare.Catalogs(before.catalog, after.catalog)...),
		Breaks: append([]consumers.Break{},
			gate.Breaks(consumers.Check(consumers.Of(before.source)), consumers.Check(consumers.Of(after.source)))...),
	}
}

// wanted is the part of a difference that is asked for.
func (o *diffOptions) wanted(d difference) (difference, error) {
	if !o.breaking {
		return d, nil
	}
	objections := gate.Changes(d.Changes)
	for _, b := range d.Breaks {
		objections = append(objections, gate.Objection{Name: b.Name})
	}
	left, idle := gate.Left(objections, o.allow)
	if len(idle) > 0 {
		return d, fault.New(fault.Usage, "", "--allow", "nothing that breaks has the name %s", strings.Join(idle, ", ")).
			WithHint("without --allow everything is listed that does")
	}
	counts := map[string]bool{}
	for _, one := range left {
		counts[one.Name] = true
	}
	d.Changes = slices.DeleteFunc(slices.Clone(d.Changes), func(c compare.Change) bool { return !c.Breaking || !counts[gate.NameOf(c)] })
	d.Breaks = slices.DeleteFunc(slices.Clone(d.Breaks), func(b consumers.Break) bool { return !counts[b.Name] })
	return d, nil
}

func (o *diffOptions) print(d difference) error {
	if o.output.value == "markdown" {
		_, err := io.WriteString(o.std.out, diffMarkdown(d))
		return err
	}
	return o.output.print(o.std.out, d, func() error {
		_, err := io.WriteString(o.std.out, diffText(d, o.std.colour))
		return err
	})
}

func summary(all difference) string {
	if len(all.Changes) == 0 {
		return "no difference"
	}
	text := fmt.Sprintf("%s, %d of them breaking", count(len(all.Changes), "change"), len(all.Changes.Breaking()))
	if len(all.Breaks) > 0 {
		text += "; consumers break in " + count(len(all.Breaks), "way")
	}
	return text
}
