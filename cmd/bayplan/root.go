package main

import (
	"os"

	"github.com/spf13/cobra"
)

func newRootCommand(std streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "bayplan",
		Short: "A platform's container images: what they mean and what the registries really hold",
		Long: `Bayplan joins a versioned catalog of container images (a Helm chart in a
registry) with what the registries hold now, and serves the result.

Settings come from flags, then from BAYPLAN_* variables (--log-level is
BAYPLAN_LOG_LEVEL; several values have spaces between them), then from the YAML
file named by --config (logLevel), then from defaults that work; what a single
call is about (set --state) is a flag alone. Credentials are Docker's: "docker
login" or "oras login" is enough.

Data goes to standard output, all else to standard error. Exit codes: 0 done;
1 findings, differences or not found; 2 wrong usage or failure; 130 Ctrl-C.`,
		Example: `  bayplan serve --demo
  bayplan list --catalog ./chart/image-config --state stable
  bayplan lint ./chart/image-config`,
		SilenceErrors:         true,
		SilenceUsage:          true,
		DisableFlagsInUseLine: true,
		Version:               buildVersion(),
		Args:                  knownCommand,
		RunE:                  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetOut(std.out)
	root.SetErr(std.err)
	root.SetVersionTemplate(readBuild().String() + "\n")
	root.SetFlagErrorFunc(flagError)
	root.Flags().Bool("version", false, "say what this binary was built from")
	root.PersistentFlags().String("config", "", "settings `FILE` (YAML)")
	root.AddCommand(
		newServeCommand(std),
		newListCommand(std),
		newResolveCommand(std),
		newDriftCommand(std),
		newLintCommand(std),
		newCheckCommand(std),
		newDiffCommand(std),
		newBumpCommand(std),
		newPublishCommand(std),
		newPullCommand(std),
		newVersionsCommand(std),
		newFakeCommand(std),
		newRollbackCommand(std),
		newAddCommand(std),
		newSetCommand(std),
		newAliasCommand(std),
		newRenameCommand(std),
		newDeprecateCommand(std),
		newRemoveCommand(std),
		newImportCommand(std),
		newPreviewCommand(std),
		newExportCommand(std),
		newVersionCommand(std),
	)
	root.SetHelpCommand(newHelpCommand())
	mendCompletion(root)
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error { return applySettings(cmd, os.LookupEnv) }
	return root
}

// newHelpCommand is cobra's, but for topics that are none.
func newHelpCommand() *cobra.Command {
	return &cobra.Command{
		Use:                   "help [command]",
		Short:                 "Help about any command",
		DisableFlagsInUseLine: true,
		ValidArgsFunction:     completeCommands,
		PersistentPreRunE:     withoutSettings,
		RunE: func(cmd *cobra.Command, args []string) error {
			topic, rest, err := cmd.Root().Find(args)
			if err == nil && len(rest) > 0 {
				err = knownCommand(topic, rest)
			}
			if err != nil {
				return err
			}
			topic.InitDefaultHelpFlag()
			return topic.Help()
		},
	}
}

// withoutSettings keeps a command from reading the settings: help is there for
// whoever has to mend them, and a shell that starts is none of their business.
func withoutSettings(*cobra.Command, []string) error { return nil }

// mendCompletion makes cobra's own command refuse shells that it does not know.
func mendCompletion(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		if cmd.Name() == "completion" {
			cmd.Args = knownCommand
			cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
			cmd.PersistentPreRunE = withoutSettings
			cmd.DisableFlagsInUseLine = true
		}
	}
}
