package main

import (
	"github.com/spf13/cobra"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/edit"
)

type aliasOptions struct {
	editing
	remove bool
}

func newAliasCommand(std streams) *cobra.Command {
	o := &aliasOptions{editing: editing{std: std}}
	cmd := &cobra.Command{
		Use:   "alias NAME ALIAS…",
		Short: "Give an image other names, or take them away",
		Long: `Alias adds names to an image, or with --remove takes them away: stored jobs that
say such a name are lost then.` + editingLong,
		Example: `  bayplan alias python3.13 tf-python313
  bayplan alias ruby2.1 tf-ruby21-DEPRECATED --remove`,
		DisableFlagsInUseLine: true,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) >= 2 {
				return nil
			}
			return usage(cmd, nil, "%s wants an image and an alias: %s", cmd.CommandPath(), cmd.UseLine())
		},
		RunE: func(_ *cobra.Command, args []string) error { return o.run(args[0], args[1:]) },
	}
	cmd.Flags().BoolVar(&o.remove, "remove", false, "take the names away")
	o.register(cmd)
	cmd.ValidArgsFunction = o.complete
	return cmd
}

// complete completes the image, and behind it with --remove its aliases.
func (o *aliasOptions) complete(cmd *cobra.Command, args []string, begin string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 0 || !o.remove {
		return o.completeFirst(cmd, args, begin)
	}
	if _, catalog, err := o.catalog(); err == nil && catalog.Images[args[0]] != nil {
		return catalog.Images[args[0]].Aliases, cobra.ShellCompDirectiveNoFileComp
	}
	return nil, cobra.ShellCompDirectiveNoFileComp
}

func (o *aliasOptions) run(name string, aliases []string) error {
	before, _, err := o.catalog()
	if err != nil {
		return err
	}
	var changes []edit.Change
	for _, alias := range aliases {
		if o.remove {
			changes = append(changes, edit.RemoveAlias(name, alias))
		} else {
			changes = append(changes, edit.AddAlias(name, alias))
		}
	}
	return o.apply(before, changes)
}
