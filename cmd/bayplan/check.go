package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/consumers"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/nearest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

type checkOptions struct {
	std       streams
	output    outputFlag
	against   string
	consumers []string
	allow     []string
	lists     bool
	timeout   time.Duration
	source    sourceFlags
}

func newCheckCommand(std streams) *cobra.Command {
	o := &checkOptions{std: std}
	cmd := &cobra.Command{
		Use:   "check CHART",
		Short: "Say how each consumer would read a catalog: would it load, and what would it list?",
		Long: `Check reads a catalog as each of its consumers of today does (jobs-api before
and after 2026-05, and the webservice command) and says whether it loads, which
images it would list, hide or pass over, and what is broken. CHART is whatever
"bayplan diff" compares: a chart's directory, a .tgz, an oci:// reference, a file
with the legacy document (images-v1.yaml, its ConfigMap, the manifests of a
release), configmap://NAMESPACE/NAME, or - for standard input. No registry is asked
whether it has the images.

The exit code is 1 if a consumer fails as a whole, or cannot start something, or
passes over an image that its own version before has. With --against it is 1 if
something breaks that worked in that catalog, and in no other case. Each break has
a name, by which --allow accepts it.`,
		Example: `  bayplan check ./chart/image-config
  bayplan check ./chart/image-config --consumer webservice-0.98 --lists
  bayplan check ./chart/image-config --against configmap://tf-public/image-config
  bayplan check ./chart/image-config --against images-v1.yaml --allow webservice-0.98/lost/node12
  bayplan check image-config-0.0.28.tgz -o json`,
		DisableFlagsInUseLine: true,
		Args:                  o.arguments,
		ValidArgsFunction:     completeCatalogs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.run(cmd.Context(), cmd.InOrStdin(), args[0])
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.against, "against", "", "`CATALOG` that worked before: report what breaks since")
	flags.StringArrayVar(&o.consumers, "consumer", nil, "only as this `CONSUMER`: "+strings.Join(consumers.Names(), ", ")+" (repeatable)")
	flags.StringArrayVar(&o.allow, "allow", nil, "accept the break of this `NAME` (repeatable)")
	flags.BoolVar(&o.lists, "lists", false, "print each consumer's images with their references and spellings")
	keepLocal(cmd, "consumer")
	flags.DurationVar(&o.timeout, "timeout", 30*time.Second, "how long reading the catalog may take")
	completeWords(cmd, "consumer", consumers.Names()...)
	o.output.register(cmd)
	o.source.registerVersion(cmd)
	o.source.registerCluster(cmd)
	return cmd
}

func (o *checkOptions) arguments(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usage(cmd, nil, "%s wants one catalog: %s", cmd.CommandPath(), cmd.UseLine())
	}
	if args[0] == standardInput && o.against == standardInput {
		return usage(cmd, nil, "standard input can be one catalog only")
	}
	for _, name := range o.consumers {
		if known := consumers.Names(); !slices.Contains(known, name) {
			return usage(cmd, nearest.Words(name, known, 1), "there is no consumer %q: there are %s", name, strings.Join(known, ", "))
		}
	}
	return nil
}

// checkResult is the answer of check as data.
type checkResult struct {
	consumers.Result
	// Breaks are what is broken, or with --against what broke since.
	Breaks []consumers.Break `json:"breaks"`
}

func (o *checkOptions) run(ctx context.Context, stdin io.Reader, name string) error {
	if o.timeout <= 0 {
		return fault.New(fault.Usage, "", "--timeout", "%s is no time to read in", o.timeout)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, o.timeout, fault.New(fault.Unreachable, "", "", "there was no answer within %s", o.timeout).
		WithHint("allow more with --timeout"))
	defer cancel()
	reader := &sideReader{source: o.source, stdin: stdin, std: o.std}
	now, err := o.read(ctx, reader, name)
	if err != nil {
		return err
	}
	breaks := consumers.Faults(now)
	if o.against != "" {
		before, err := o.read(ctx, reader, o.against)
		if err != nil {
			return err
		}
		breaks = consumers.Breaks(before, now)
	}
	breaks, unused := consumers.Allow(breaks, o.allow)
	for _, name := range unused {
		fmt.Fprintf(o.std.err, "warning: --allow %s accepts nothing\n", shown(name))
	}
	result := checkResult{Result: now, Breaks: append([]consumers.Break{}, breaks...)}
	if err := o.output.print(o.std.out, result, func() error { return o.print(result) }); err != nil {
		return err
	}
	if len(breaks) > 0 {
		return errFindings
	}
	return nil
}

// read reads a catalog as the consumers would. A chart that breaks the rules is
// not rendered at all, which is worth a word.
func (o *checkOptions) read(ctx context.Context, reader *sideReader, name string) (consumers.Result, error) {
	offer, err := reader.offer(ctx, name)
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return consumers.Result{}, err
	}
	if _, findings := offer.Source.Check(); len(findings.Errors()) > 0 {
		fmt.Fprintf(o.std.err, "warning: %s breaks the rules of a catalog (%s): bayplan lint says which\n", shown(name), count(len(findings.Errors()), "error"))
	}
	return consumers.Check(consumers.Of(offer.Source), o.consumers...), nil
}
