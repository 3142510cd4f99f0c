package main

import (
	"context"

	"github.com/spf13/cobra"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/gate"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/pack"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/artifact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/release"
)

type rollbackOptions struct {
	publishOptions
	to, as string
}

func newRollbackCommand(std streams) *cobra.Command {
	o := &rollbackOptions{publishOptions: publishOptions{std: std}}
	cmd := &cobra.Command{
		Use:   "rollback oci://HOST/PATH/image-config… --to VERSION --as VERSION",
		Short: "Publish the content of an older version as a new one",
		Long: `Rollback takes what an older version says and publishes it again under a new
version, so that nothing goes backwards: servers and deployers move on to it as to
any other. The older version is fetched from the first repository.

It is compared with the newest version as by "bayplan publish": what came since
goes again, and whom that breaks has to be allowed by name.`,
		Example: `  bayplan rollback oci://harbor.example/toolforge/image-config --to 0.0.28 --as 0.0.30 --dry-run
  bayplan rollback oci://tools.example/toolforge/image-config oci://beta.example/toolforge/image-config --to 0.0.28 --as 0.0.30 --allow image-removed`,
		DisableFlagsInUseLine: true,
		Args:                  someArguments("a repository"),
		RunE:                  func(cmd *cobra.Command, names []string) error { return o.run(cmd.Context(), names) },
	}
	flags := cmd.Flags()
	flags.StringVar(&o.to, "to", "", "the older `VERSION`")
	flags.StringVar(&o.as, "as", "", "the new `VERSION`, after all that are published")
	o.register(cmd)
	_ = cmd.RegisterFlagCompletionFunc("to", completeVersions) // the flag was just made
	return cmd
}

func (o *rollbackOptions) run(ctx context.Context, names []string) error {
	if o.to == "" || o.as == "" {
		return fault.New(fault.Usage, "", "", "--to and --as are both needed").
			WithHint("--to names the version whose content is wanted, --as the version that it gets")
	}
	if err := checkVersion("--as", o.as); err != nil {
		return err
	}
	p, err := o.prepare(ctx, names)
	if err != nil {
		return err
	}
	stop := o.std.whileWaiting(func() string { return "fetching from " + p.targets[0].Host })
	p.pkg, err = o.older(ctx, p)
	stop()
	if fault.Is(err, fault.NotFound) {
		printError(o.std.err, err)
		return errFindings
	}
	if err != nil {
		return err
	}
	return o.publishAndPrint(ctx, p)
}

// older fetches the older version and makes the new one of it.
func (o *rollbackOptions) older(ctx context.Context, p publishing) (*packaged, error) {
	old, err := p.client.Pull(ctx, p.targets[0], artifact.Selection{Version: o.to})
	if err != nil {
		return nil, err
	}
	for _, target := range p.targets {
		newest, err := release.Newest(ctx, p.client, target, p.pattern.releases)
		if err != nil {
			return nil, err
		}
		if newest != nil && len(gate.Version(newest.Version, o.as)) > 0 {
			return nil, fault.New(fault.Usage, "", "--as", "version %s comes before %s, which is published: nothing would change to it", o.as, newest.Version).
				WithHint("name a version after it")
		}
	}
	again, err := pack.As(old.Archive, o.as)
	if err != nil {
		return nil, fault.Wrap(fault.Usage, "roll back", old.Reference.String(), err)
	}
	return packagedOf(again.Archive, old.Reference.String())
}
