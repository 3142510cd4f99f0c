package main

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

type resolveOptions struct {
	std     streams
	output  outputFlag
	answers answerFlags
}

func newResolveCommand(std streams) *cobra.Command {
	o := &resolveOptions{std: std}
	cmd := &cobra.Command{
		Use:   "resolve NAME…",
		Short: "Say which image a name, an alias or a reference means",
		Long: `Resolve takes what people write where an image is wanted (a short name, an
alias, the repository of an image or of one of its variants, with or without
host and tag) and says which standard image it means. An image that a tool built
is found by its short name, tool-TOOL/NAME:TAG, with or without @DIGEST.

The exit code is 1 if one of the names means none.`,
		Example: `  bayplan resolve --server http://127.0.0.1:8080 tf-node16
  bayplan resolve --server http://127.0.0.1:8080 tool-wikibugs/wikibugs:latest
  bayplan resolve --catalog ./chart/image-config python3.11 toolforge-python39-sssd-base:latest -o json`,
		Args:              someArguments("a name"),
		ValidArgsFunction: o.completeNames,
		RunE: func(cmd *cobra.Command, spellings []string) error {
			return o.answers.ask(cmd.Context(), std, func(ctx context.Context, who *asker) error {
				return o.run(ctx, who, spellings)
			})
		},
	}
	o.output.register(cmd)
	o.answers.register(cmd)
	return cmd
}

// resolutions is the answer of resolve as data.
type resolutions struct {
	Results  []resolution `json:"results"`
	Messages api.Messages `json:"messages"`
}

func (o *resolveOptions) run(ctx context.Context, who *asker, spellings []string) error {
	var list api.ImagesAnswer
	if err := who.get(ctx, "v1/images", url.Values{"type": {api.TypeStandard}}, &list); err != nil {
		return err
	}
	finder := newFinder(list.Images)
	answer := resolutions{Messages: list.Messages}
	complete := true
	for _, spelling := range spellings {
		result, err := finder.find(ctx, who, spelling)
		if err != nil {
			return err
		}
		complete = complete && result.Match != nil
		answer.Results = append(answer.Results, result)
		answer.Messages.Warning = append(answer.Messages.Warning, result.warnings...)
	}
	printMessages(o.std, answer.Messages, who.failures)
	if err := o.output.print(o.std.out, answer, func() error { return o.table(answer.Results) }); err != nil {
		return err
	}
	if !complete {
		return errFindings
	}
	return nil
}

func (o *resolveOptions) table(results []resolution) error {
	var rows [][]string
	for _, r := range results {
		if r.Match == nil {
			fmt.Fprintln(o.std.err, shown(r.reason))
			continue
		}
		if r.Image.Notice != "" {
			fmt.Fprintln(o.std.err, "note: "+shown(r.Image.Notice))
		}
		rows = append(rows, []string{
			r.Name, r.Match.ShortName, r.Image.State, existsWord(r.Image.Exists),
			strings.ReplaceAll(r.Match.Rule, "_", " "), r.Match.Image,
		})
	}
	if len(rows) == 0 {
		return nil
	}
	return printTable(o.std, []string{"NAME", "MEANS", "STATE", "EXISTS", "FOUND BY", "IMAGE"}, rows)
}
