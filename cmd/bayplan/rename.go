package main

import (
	"github.com/spf13/cobra"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/edit"
)

func newRenameCommand(std streams) *cobra.Command {
	o := &editing{std: std}
	cmd := &cobra.Command{
		Use:   "rename OLD NEW",
		Short: "Give an image another short name; the old one stays as an alias",
		Long: `Rename changes the short name. The old one stays as an alias, and what named it
under replacedBy names the new one. The webservice command reads no aliases: to it
the old name is gone.` + editingLong,
		Example:               `  bayplan rename node20 nodejs20`,
		DisableFlagsInUseLine: true,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 2 {
				return nil
			}
			return usage(cmd, nil, "%s wants the old and the new name: %s", cmd.CommandPath(), cmd.UseLine())
		},
		RunE: func(_ *cobra.Command, args []string) error {
			before, _, err := o.catalog()
			if err != nil {
				return err
			}
			return o.apply(before, []edit.Change{edit.Rename(args[0], args[1])})
		},
	}
	o.register(cmd)
	cmd.ValidArgsFunction = o.completeFirst
	return cmd
}
