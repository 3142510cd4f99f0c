package main

import (
	"github.com/spf13/cobra"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/edit"
)

type deprecateOptions struct {
	editing
	lifecycle lifecycleFlags
	successor string
	today     string
}

func newDeprecateCommand(std streams) *cobra.Command {
	o := &deprecateOptions{editing: editing{std: std}}
	cmd := &cobra.Command{
		Use:   "deprecate NAME…",
		Short: "Say that images should not be used any more, until when, and what instead",
		Long: `Deprecate sets the state to deprecated, or with --deprecated and a day to come
only that day: until then the image stays what it is. Names may be patterns.
Deprecated images go on to run; consumers hide them from lists and warn.` + editingLong,
		Example: `  bayplan deprecate node12 --replaced-by node20 --unsupported 2027-06-01
  bayplan deprecate 'php7.*' --replaced-by php8.4 --deprecated 2027-01-01 --removed 2028-01-01 --dry-run`,
		DisableFlagsInUseLine: true,
		Args:                  someArguments("a name or a pattern"),
		RunE:                  func(_ *cobra.Command, args []string) error { return o.run(args) },
	}
	flags := cmd.Flags()
	flags.StringVar(&o.successor, "replaced-by", "", "the `NAME` of the image to use instead")
	flags.StringVar(&o.today, "today", "", "UTC `DAY` that --deprecated is compared with, YYYY-MM-DD (default: today)")
	o.lifecycle.register(cmd)
	o.register(cmd)
	return cmd
}

func (o *deprecateOptions) run(patterns []string) error {
	today, err := dayOr(o.today)
	if err != nil {
		return err
	}
	before, catalog, err := o.catalog()
	if err != nil {
		return err
	}
	names, err := matching(catalog, patterns)
	if err != nil {
		return err
	}
	var changes []edit.Change
	for _, name := range names {
		if day := chart.Date(o.lifecycle.deprecated); day == "" || day <= today {
			changes = append(changes, edit.SetState(name, chart.StateDeprecated))
		}
		if o.successor != "" {
			changes = append(changes, edit.SetReplacedBy(name, o.successor))
		}
		dates, err := o.lifecycle.changes(name)
		if err != nil {
			return err
		}
		changes = append(changes, dates...)
	}
	return o.apply(before, changes)
}
