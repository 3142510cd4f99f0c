package main

import (
	"github.com/spf13/cobra"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/edit"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

type removeOptions struct {
	editing
	reason, successor, date string
}

func newRemoveCommand(std streams) *cobra.Command {
	o := &removeOptions{editing: editing{std: std}}
	cmd := &cobra.Command{
		Use:   "remove NAME… --reason TEXT",
		Short: "Take images out of a catalog, and leave a tombstone",
		Long: `Remove takes entries out. A tombstone stays, so that whoever asks for the name is
told when and why it went, and what to use instead: what --replaced-by says, or
else what the entry said. Names may be patterns.` + editingLong,
		Example: `  bayplan remove node6 --reason 'Node.js 6 gets no security updates.'
  bayplan remove 'python2.*' --reason 'Python 2 is no longer maintained.' --replaced-by python3.13 --dry-run`,
		DisableFlagsInUseLine: true,
		Args:                  someArguments("a name or a pattern"),
		RunE:                  func(_ *cobra.Command, args []string) error { return o.run(args) },
	}
	flags := cmd.Flags()
	flags.StringVar(&o.reason, "reason", "", "a `SENTENCE` for those who still ask for it")
	flags.StringVar(&o.successor, "replaced-by", "", "the `NAME` of the image to use instead")
	flags.StringVar(&o.date, "date", "", "UTC `DAY` of the removal, YYYY-MM-DD (default: today)")
	o.register(cmd)
	return cmd
}

func (o *removeOptions) run(patterns []string) error {
	if o.reason == "" {
		return fault.New(fault.Usage, "", "--reason", "it is what users are told who still ask for the image: give one")
	}
	day, err := dayOr(o.date)
	if err != nil {
		return fault.New(fault.Usage, "", "--date", "%q is no day: write YYYY-MM-DD", o.date)
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
		changes = append(changes, edit.Remove(name, chart.Tombstone{Date: day, Reason: o.reason, ReplacedBy: o.successor}))
	}
	return o.apply(before, changes)
}
