package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

type driftOptions struct {
	std     streams
	output  outputFlag
	answers answerFlags
}

func newDriftCommand(std streams) *cobra.Command {
	o := &driftOptions{std: std}
	o.answers.listings = true
	cmd := &cobra.Command{
		Use:   "drift",
		Short: "Say where the catalog and the registries disagree",
		Long: `Drift asks a server, or with --catalog the registries themselves, and prints what
the catalog names and a registry lacks, tags that left the digest which the
catalog pins, and repositories that registries have where all should be the
catalog's: in the Harbor projects that hold its images, and below the prefixes
that "owns" names for a registry in the settings file.

The exit code is 1 if there is any, and 2 if there is none as far as is known but
not everything could be asked. A registry that cannot be asked is a warning, not
drift. Private projects are left out.`,
		Example: `  bayplan drift --server http://127.0.0.1:8080
  bayplan drift --server http://127.0.0.1:8080 -o json
  bayplan drift --catalog ./chart/image-config --config settings.yaml`,
		Args:              noArguments,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.answers.ask(cmd.Context(), std, o.run)
		},
	}
	o.output.register(cmd)
	o.answers.register(cmd)
	return cmd
}

func (o *driftOptions) run(ctx context.Context, who *asker) error {
	var answer api.DriftAnswer
	if err := who.get(ctx, "v1/drift", nil, &answer); err != nil {
		return err
	}
	printMessages(o.std, answer.Messages, who.failures)
	if err := o.output.print(o.std.out, answer, func() error { return o.table(answer) }); err != nil {
		return err
	}
	switch {
	case len(answer.Drift) > 0:
		return errFindings
	case len(answer.Messages.Warning) > 0: // whoever goes by the exit code must not take it for all clear
		return fault.New(fault.Unreachable, "", "", "no drift was found, but not everything could be asked")
	}
	return nil
}

func (o *driftOptions) table(answer api.DriftAnswer) error {
	if len(answer.Drift) == 0 {
		if len(answer.Messages.Warning) == 0 {
			fmt.Fprintln(o.std.err, "no drift")
		}
		return nil
	}
	rows := make([][]string, 0, len(answer.Drift))
	for _, d := range answer.Drift {
		image := orDash(d.Image)
		if len(d.Variants) > 0 {
			image += " (" + strings.Join(d.Variants, ", ") + ")"
		}
		rows = append(rows, []string{strings.ReplaceAll(d.Reason, "_", " "), image, d.Message})
	}
	return printTable(o.std, []string{"REASON", "IMAGE", "WHAT"}, rows)
}
