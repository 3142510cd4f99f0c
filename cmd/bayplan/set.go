package main

import (
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/edit"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

type setOptions struct {
	editing
	lifecycle                     lifecycleFlags
	state, description, successor string
	image                         string
	variants, extras, hosts       []string
}

func newSetCommand(std streams) *cobra.Command {
	o := &setOptions{editing: editing{std: std}}
	cmd := &cobra.Command{
		Use:   "set NAME…",
		Short: "Change what a catalog says of images",
		Long: `Set changes one or several images; a name may be a pattern such as 'python3.*',
and '*' is all. A reference that moves leaves the old one under formerly, so that
jobs which name it are still understood. An empty value takes a key out.` + editingLong,
		Example: `  bayplan set trixie --description 'Debian 13, without a language runtime.'
  bayplan set php8.4 --image registry.example/php84-web --variant webservice=registry.example/php84-web
  bayplan set jdk17 --extra webservice.resources=jdk
  bayplan set '*' --host docker-registry.example=harbor.example/toolforge-pre-built --dry-run`,
		DisableFlagsInUseLine: true,
		Args:                  someArguments("a name or a pattern"),
		RunE:                  func(cmd *cobra.Command, args []string) error { return o.run(cmd, args) },
	}
	flags := cmd.Flags()
	flags.StringVar(&o.state, "state", "", "the `STATE`: stable, beta or deprecated")
	flags.StringVar(&o.description, "description", "", "a `SENTENCE` about it")
	flags.StringVar(&o.successor, "replaced-by", "", "the `NAME` of the image to use instead")
	flags.StringVar(&o.image, "image", "", "the flat `REFERENCE`, host/path")
	flags.StringArrayVar(&o.variants, "variant", nil, "a variant's reference, `NAME=REFERENCE` (repeatable)")
	flags.StringArrayVar(&o.extras, "extra", nil, "what a variant's consumer needs, `VARIANT.KEY=VALUE` (repeatable)")
	flags.StringArrayVar(&o.hosts, "host", nil, "move all references that begin with a host to another, `OLD=NEW` (repeatable)")
	completeWords(cmd, "state", stateWords...)
	o.lifecycle.register(cmd)
	o.register(cmd)
	return cmd
}

func (o *setOptions) run(cmd *cobra.Command, patterns []string) error {
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
		one, err := o.changes(cmd, catalog, name)
		if err != nil {
			return err
		}
		changes = append(changes, one...)
	}
	if len(changes) == 0 && len(o.hosts) == 0 {
		return usage(cmd, nil, "nothing is to be set")
	}
	return o.apply(before, changes)
}

func (o *setOptions) changes(cmd *cobra.Command, catalog *chart.Catalog, name string) ([]edit.Change, error) {
	given := cmd.Flags().Changed
	var out []edit.Change
	if given("state") {
		out = append(out, edit.SetState(name, o.state))
	}
	if given("description") {
		out = append(out, edit.SetDescription(name, o.description))
	}
	if given("replaced-by") {
		out = append(out, edit.SetReplacedBy(name, o.successor))
	}
	dates, err := o.lifecycle.changes(name)
	if err != nil {
		return nil, err
	}
	out = append(out, dates...)
	if given("image") {
		out = append(out, edit.SetImage(name, "", o.image))
	}
	variants, err := pairs("--variant", o.variants)
	if err != nil {
		return nil, err
	}
	for _, variant := range slices.Sorted(maps.Keys(variants)) {
		out = append(out, edit.SetImage(name, variant, variants[variant]))
	}
	extras, err := pairs("--extra", o.extras)
	if err != nil {
		return nil, err
	}
	for _, place := range slices.Sorted(maps.Keys(extras)) {
		variant, key, found := strings.Cut(place, ".")
		if !found {
			return nil, fault.New(fault.Usage, "", "--extra", "%q is not VARIANT.KEY", place).WithHint("for example --extra webservice.wstype=python")
		}
		out = append(out, edit.SetExtra(name, variant, key, extras[place]))
	}
	hosts, err := pairs("--host", o.hosts)
	if err != nil {
		return nil, err
	}
	for _, host := range slices.Sorted(maps.Keys(hosts)) {
		out = append(out, edit.MoveHost(catalog, name, host, hosts[host])...)
	}
	return out, nil
}
