package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

type resolveOptions struct {
	std     streams
	output  outputFlag
	answers answerFlags
	tool    string
	explain bool
}

func newResolveCommand(std streams) *cobra.Command {
	o := &resolveOptions{std: std}
	cmd := &cobra.Command{
		Use:   "resolve NAME…",
		Short: "Say which image a name, an alias or a reference means",
		Long: `Resolve takes what people write where an image is wanted and says which image it
means: a short name, an alias, the repository of an image or of one of its
variants, with or without host and tag; tool-TOOL/NAME with or without host, tag
and digest. Without a tag that is latest, else the newest push.

With --tool it is what that tool is answered: its own private images too. The
server must believe that you are the tool: it does on this machine, and from the
gateway. Without it, it is what anyone may see. A server elsewhere tells
references that an image had once to tools alone.

The exit code is 1 if one of the names means none.`,
		Example: `  bayplan resolve --server http://127.0.0.1:8080 tf-node16
  bayplan resolve --server http://127.0.0.1:8080 tool-wikibugs/wikibugs
  bayplan resolve --server http://127.0.0.1:8080 --tool wikibugs --explain wikibugs
  bayplan resolve --catalog ./chart/image-config python3.11 toolforge-python39-sssd-base:latest -o json`,
		Args:              someArguments("a name"),
		ValidArgsFunction: o.completeNames,
		RunE: func(cmd *cobra.Command, spellings []string) error {
			return o.answers.ask(cmd.Context(), std, func(ctx context.Context, who *asker) error {
				return o.run(ctx, who, spellings)
			})
		},
	}
	cmd.Flags().StringVar(&o.tool, "tool", "", "ask as this `TOOL`")
	cmd.Flags().BoolVar(&o.explain, "explain", false, "say why, and what nearly matched")
	completeWords(cmd, "tool")
	o.output.register(cmd)
	o.answers.register(cmd)
	return cmd
}

func (o *resolveOptions) run(ctx context.Context, who *asker, spellings []string) error {
	answer, err := o.resolve(ctx, who, spellings)
	if err != nil {
		return err
	}
	printMessages(o.std, answer.Messages, who.failures)
	if err := o.output.print(o.std.out, answer, func() error { return o.table(answer.Results) }); err != nil {
		return err
	}
	for _, r := range answer.Results {
		if r.Status != http.StatusOK {
			return errFindings
		}
	}
	return nil
}

func (o *resolveOptions) resolve(ctx context.Context, who *asker, spellings []string) (*api.ResolutionsAnswer, error) {
	if o.tool != "" {
		return who.resolveAs(ctx, o.tool, spellings, o.explain)
	}
	return newFinder(who, o.explain).findAll(ctx, spellings)
}

func (o *resolveOptions) table(results []api.Resolution) error {
	var rows [][]string
	for _, r := range results {
		if r.Match == nil {
			fmt.Fprintln(o.std.err, shown(strings.Join(r.Error, "; ")))
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
	if len(rows) > 0 {
		head := []string{"NAME", "MEANS", "STATE", "EXISTS", "FOUND BY", "IMAGE"}
		if err := printTable(o.std, head, rows); err != nil {
			return err
		}
	}
	return o.explanations(results, len(rows) > 0)
}

// explanations writes why names mean what they mean, below the table if there is
// one.
func (o *resolveOptions) explanations(results []api.Resolution, below bool) error {
	var out strings.Builder
	for _, r := range results {
		if r.Explain == nil {
			continue
		}
		if below || out.Len() > 0 {
			out.WriteString("\n")
		}
		fmt.Fprintf(&out, "%s: %s\n  by %s\n", shown(r.Name), shown(r.Explain.Says), shown(decidedBy(r.Explain)))
		for _, near := range r.Explain.Near {
			fmt.Fprintf(&out, "  not %s: %s (%s)\n", shown(near.ShortName), shown(near.Says), shown(near.Image))
		}
	}
	_, err := fmt.Fprint(o.std.out, out.String())
	return err
}

// decidedBy names who had the last word: the catalog chart with what is known of
// it, or a registry.
func decidedBy(e *api.Explanation) string {
	words := []string{e.Source}
	for _, word := range []string{e.CatalogVersion, e.CatalogDigest} {
		if word != "" {
			words = append(words, word)
		}
	}
	return strings.Join(words, " ")
}
