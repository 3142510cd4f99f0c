package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/consumers"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/nearest"
)

type checkOptions struct {
	std       streams
	output    outputFlag
	against   string
	consumers []string
	allow     []string
	lists     bool
}

func newCheckCommand(std streams) *cobra.Command {
	o := &checkOptions{std: std}
	cmd := &cobra.Command{
		Use:   "check CHART",
		Short: "Say how each consumer would read a catalog: would it load, and what would it list?",
		Long: `Check reads a catalog as each of its consumers of today does (jobs-api before
and after 2026-05, and the webservice command) and says whether it loads, which
images it would list, hide or pass over, and what is broken. CHART is a chart's
directory, a packaged chart, or a file with the legacy document: images-v1.yaml,
its ConfigMap, or the manifests of a release. No registry is asked.

The exit code is 1 if a consumer fails as a whole, or cannot start something, or
passes over an image that its own version before has. With --against it is 1 if
something breaks that worked in that catalog, and in no other case. Each break has
a name, by which --allow accepts it.`,
		Example: `  bayplan check ./chart/image-config
  bayplan check ./chart/image-config --consumer webservice-0.98 --lists
  bayplan check ./chart/image-config --against images-v1.yaml
  bayplan check ./chart/image-config --against images-v1.yaml --allow webservice-0.98/lost/node12
  bayplan check image-config-0.0.28.tgz -o json`,
		DisableFlagsInUseLine: true,
		Args:                  o.arguments,
		RunE:                  func(_ *cobra.Command, args []string) error { return o.run(args[0]) },
	}
	flags := cmd.Flags()
	flags.StringVar(&o.against, "against", "", "`CATALOG` that worked before: report what breaks since")
	flags.StringArrayVar(&o.consumers, "consumer", nil, "only as this `CONSUMER`: "+strings.Join(consumers.Names(), ", ")+" (repeatable)")
	flags.StringArrayVar(&o.allow, "allow", nil, "accept the break of this `NAME` (repeatable)")
	flags.BoolVar(&o.lists, "lists", false, "print each consumer's images with their references and spellings")
	completeWords(cmd, "consumer", consumers.Names()...)
	o.output.register(cmd)
	return cmd
}

func (o *checkOptions) arguments(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usage(cmd, nil, "%s wants one catalog: %s", cmd.CommandPath(), cmd.UseLine())
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

func (o *checkOptions) run(path string) error {
	now, err := o.read(path)
	if err != nil {
		return err
	}
	breaks := consumers.Faults(now)
	if o.against != "" {
		before, err := o.read(o.against)
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
func (o *checkOptions) read(path string) (consumers.Result, error) {
	source, err := openCatalog(path)
	if err != nil {
		return consumers.Result{}, unreadable("check", path, err)
	}
	if _, findings := source.Check(); len(findings.Errors()) > 0 {
		fmt.Fprintf(o.std.err, "warning: %s breaks the rules of a catalog (%s): bayplan lint says which\n", shown(path), count(len(findings.Errors()), "error"))
	}
	return consumers.Check(consumers.Of(source), o.consumers...), nil
}
