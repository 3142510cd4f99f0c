package main

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/nearest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

type listOptions struct {
	std     streams
	output  outputFlag
	answers answerFlags
	filters map[string]*[]string
}

// listFilters are the filters of GET /v1/images that are flags here, with the
// words that they are known to take.
var listFilters = []struct {
	name, usage string
	words       []string
}{
	{"type", "only images of this `TYPE`: standard or buildservice (repeatable)", []string{api.TypeStandard, api.TypeBuildservice}},
	{"state", "only images in this `STATE`: stable, beta or deprecated (repeatable)", []string{"stable", "beta", "deprecated"}},
	{"stack-state", "only user-built images whose stack is in this `STATE` (repeatable)", []string{"stable", "beta", "deprecated"}},
	{"tool", "only images that this `TOOL` built (repeatable)", nil},
	{"variant", "only images that have this `VARIANT`, for example webservice (repeatable)", []string{"jobs-framework", "webservice"}},
	{"name", "only the image with this `NAME` or alias (repeatable)", nil},
	{"q", "only images whose name or alias holds this `TEXT` (repeatable)", nil},
	{"exists", "only images of which `WORD` is whether their registry has them: true, false or unknown (repeatable)", []string{"true", "false", "unknown"}},
}

func newListCommand(std streams) *cobra.Command {
	o := &listOptions{std: std, filters: map[string]*[]string{}}
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the images",
		Long: `List asks a server, or with --catalog the registries themselves, and prints the
images: the same answer as GET /v1/images. Values of one filter are
alternatives, different filters go together.

A registry that cannot be asked is a warning; what it alone knows is "unknown".
Images of private Harbor projects are not listed: they are their tool's alone.

With --stack-state the table says which stack each image stands on, and what to
build it on: the images whose owners have to build again.`,
		Example: `  bayplan list --server http://127.0.0.1:8080
  bayplan list --server http://127.0.0.1:8080 --state deprecated --exists true
  bayplan list --server http://127.0.0.1:8080 --tool wikibugs
  bayplan list --server http://127.0.0.1:8080 --stack-state deprecated
  bayplan list --catalog oci://harbor.example/toolforge/image-config:0.0.28 -o json
  bayplan list --catalog ./chart/image-config --q python`,
		Args:              noArguments,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.answers.ask(cmd.Context(), std, o.list)
		},
	}
	for _, f := range listFilters {
		o.filters[f.name] = cmd.Flags().StringArray(f.name, nil, f.usage)
		completeWords(cmd, f.name, f.words...)
	}
	o.output.register(cmd)
	o.answers.register(cmd)
	return cmd
}

func (o *listOptions) list(ctx context.Context, who *asker) error {
	query := url.Values{}
	for name, values := range o.filters {
		if len(*values) > 0 {
			query[strings.ReplaceAll(name, "-", "_")] = *values
		}
	}
	var answer api.ImagesAnswer
	if err := who.get(ctx, "v1/images", query, &answer); err != nil {
		return err
	}
	printMessages(o.std, answer.Messages, who.failures)
	return o.output.print(o.std.out, answer, func() error { return o.table(answer.Images) })
}

func (o *listOptions) table(images []api.Image) error {
	if len(images) == 0 {
		fmt.Fprintln(o.std.err, "no image fits"+o.meant())
		return nil
	}
	if len(*o.filters["stack-state"]) > 0 {
		return o.stackTable(images)
	}
	rows := make([][]string, 0, len(images))
	for _, image := range images {
		rows = append(rows, []string{image.ShortName, image.State, existsWord(image.Exists), orDash(image.ReplacedBy), image.Image})
	}
	return printTable(o.std, []string{"NAME", "STATE", "EXISTS", "REPLACED BY", "IMAGE"}, rows)
}

// stackTable is for whoever has to see to stacks: whose image stands on which
// one, and what to build it on.
func (o *listOptions) stackTable(images []api.Image) error {
	rows := make([][]string, 0, len(images))
	for _, image := range images {
		stack, pushed := api.Stack{}, ""
		if image.Stack != nil {
			stack = *image.Stack
		}
		if !image.PushedAt.IsZero() {
			pushed = image.PushedAt.UTC().Format(time.DateOnly)
		}
		rows = append(rows, []string{image.ShortName, orDash(image.Tool), orDash(pushed), orDash(stack.Name), orDash(stack.State), orDash(stack.ReplacedBy)})
	}
	return printTable(o.std, []string{"NAME", "TOOL", "PUSHED", "STACK", "STACK STATE", "BUILD ON"}, rows)
}

// meant guesses which filter was misspelt, when nothing fits: words may grow,
// so that an unknown one is no error.
func (o *listOptions) meant() string {
	for _, f := range listFilters {
		for _, value := range *o.filters[f.name] {
			if near := nearest.Words(value, f.words, 1); len(near) > 0 && near[0] != value {
				return fmt.Sprintf("; did you mean --%s %s?", f.name, near[0])
			}
		}
	}
	return ""
}

func existsWord(exists *bool) string {
	switch {
	case exists == nil:
		return "unknown"
	case *exists:
		return "yes"
	}
	return "no"
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
