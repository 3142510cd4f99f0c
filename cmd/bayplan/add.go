package main

import (
	"strings"

	"github.com/spf13/cobra"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/consumers"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/edit"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

type addOptions struct {
	editing
	image    edit.New
	variants []string
}

func newAddCommand(std streams) *cobra.Command {
	o := &addOptions{editing: editing{std: std}}
	cmd := &cobra.Command{
		Use:   "add NAME --image REFERENCE",
		Short: "Add an image to a catalog",
		Long: `Add writes a new entry behind the others. Consumers of today need the flat
reference (jobs-api since 2026-05) and, to start web services, a variant
webservice with its wstype.` + editingLong,
		Example: `  bayplan add python3.14 --image registry.example/python314-web --variant webservice=registry.example/python314-web --wstype python
  bayplan add forky --state beta --image registry.example/forky --alias debian14 --chart ./chart/image-config --dry-run`,
		DisableFlagsInUseLine: true,
		Args:                  oneArgument("a name"),
		RunE:                  func(_ *cobra.Command, args []string) error { return o.run(args[0]) },
	}
	flags := cmd.Flags()
	flags.StringVar(&o.image.State, "state", chart.StateStable, "its `STATE`: stable, beta or deprecated")
	flags.StringVar(&o.image.Description, "description", "", "a `SENTENCE` about it")
	flags.StringVar(&o.image.Image, "image", "", "its `REFERENCE`, host/path")
	flags.StringArrayVar(&o.variants, "variant", nil, "a variant and its reference, `NAME=REFERENCE` (repeatable)")
	flags.StringVar(&o.image.Wstype, "wstype", "", "`WORD` for the webservice command: "+strings.Join(consumers.Wstypes(), ", "))
	flags.StringArrayVar(&o.image.Aliases, "alias", nil, "another `NAME` of it (repeatable)")
	completeWords(cmd, "state", stateWords...)
	completeWords(cmd, "wstype", consumers.Wstypes()...)
	o.register(cmd)
	cmd.ValidArgsFunction = cobra.NoFileCompletions
	return cmd
}

// stateWords are the states that an entry may be in.
var stateWords = []string{chart.StateStable, chart.StateBeta, chart.StateDeprecated}

func (o *addOptions) run(name string) error {
	variants, err := pairs("--variant", o.variants)
	if err != nil {
		return err
	}
	if o.image.Wstype != "" && variants[chart.VariantWebservice] == "" {
		return fault.New(fault.Usage, "", "--wstype", "it belongs to the variant webservice, which is not given").
			WithHint("add --variant webservice=REFERENCE")
	}
	before, _, err := o.catalog()
	if err != nil {
		return err
	}
	o.image.Variants = variants
	return o.apply(before, []edit.Change{edit.Add(name, o.image)})
}

// pairs reads NAME=VALUE.
func pairs(flag string, texts []string) (map[string]string, error) {
	out := map[string]string{}
	for _, text := range texts {
		name, value, found := strings.Cut(text, "=")
		if !found || name == "" {
			return nil, fault.New(fault.Usage, "", flag, "%q is not NAME=VALUE", text)
		}
		out[name] = value
	}
	return out, nil
}
