package main

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/gate"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/lint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/artifact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/release"
)

// buildStyle are versions as Toolforge's builds number them: formally
// pre-releases, and releases all the same.
const buildStyle = `^\d+\.\d+\.\d+-\d{14}-[0-9a-f]{7,40}$`

type publishOptions struct {
	std         streams
	output      outputFlag
	registries  []string
	version     string
	prereleases string
	dev         string
	revision    string
	allow       []string
	dryRun      bool
	timeout     time.Duration
	hosts       []string
	defaultType string
	signing     signingFlags
}

func newPublishCommand(std streams) *cobra.Command {
	o := &publishOptions{std: std}
	cmd := &cobra.Command{
		Use:   "publish CHART oci://HOST/PATH/image-config…",
		Short: "Publish a catalog chart to registries, once it has been looked at",
		Long: `Publish lints and packages a chart (a directory, or a .tgz as it is, with the
signature of the .prov file beside it), compares it with the newest version in each
registry, signs it, and pushes it: blobs to all registries first, the version last,
so that nobody sees half of it. Then it is read back.

What would break somebody is told and not published, until it is allowed by its
name (--allow image-removed:node10, or --allow image-removed for all of a kind).
A published version is never overwritten; publishing the same again is done at
once, and finishes what was interrupted. Every registry gets the same digest.

The archive is the same for the same files on any day. SOURCE_DATE_EPOCH and
--revision go into the manifest. --dev is for builds that nobody relies on: a
version that matches it may be replaced, and what would break is only told.

The exit code is 1 if something speaks against it.`,
		Example: `  bayplan publish ./chart/image-config oci://harbor.example/toolforge/image-config --dry-run
  bayplan publish ./chart/image-config oci://tools.example/toolforge/image-config oci://beta.example/toolforge/image-config --version 0.0.29
  bayplan publish ./chart/image-config oci://harbor.example/toolforge/image-config --sign --secret-keyring maintainers.gpg --key maintainer
  bayplan publish ./chart/image-config oci://beta.example/toolforge/image-config --version 0.0.29-dev-mr-7 --dev '-dev-'`,
		DisableFlagsInUseLine: true,
		Args:                  chartAndTargets,
		RunE:                  func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args[0], args[1:]) },
	}
	flags := cmd.Flags()
	flags.StringVar(&o.version, "version", "", "publish under this `VERSION`; Chart.yaml says 0.0.0 or the same")
	flags.StringVar(&o.dev, "dev", "", "`REGEXP` of versions that may be replaced; this one has to match")
	o.register(cmd)
	return cmd
}

// register adds the flags of all who publish.
func (o *publishOptions) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&o.prereleases, "prereleases", buildStyle, "`REGEXP` of the pre-releases that count as released versions")
	flags.StringVar(&o.revision, "revision", "", "the `COMMIT` that the chart was made from, for the manifest")
	flags.StringArrayVar(&o.allow, "allow", nil, "publish although this objection speaks against it: its `NAME`, or the kind before the colon (repeatable)")
	flags.BoolVar(&o.dryRun, "dry-run", false, "say what would happen, and write nothing")
	flags.StringArrayVar(&o.registries, "registry", nil, "reach a registry elsewhere: `HOST=URL` (repeatable)")
	flags.DurationVar(&o.timeout, "timeout", 2*time.Minute, "how long one registry may take for one step")
	flags.StringArrayVar(&o.hosts, "allow-host", nil, "registry `HOST` that images may come from; without any, all may (repeatable)")
	flags.StringVar(&o.defaultType, "default-type", lint.DefaultType, "`NAME` that the webservice command starts when its user names none; \"\" if nobody reads one")
	o.signing.register(cmd)
	o.output.register(cmd)
	keepLocal(cmd, "prereleases", "registry", "timeout", "allow-host", "default-type", "revision", "sign", "secret-keyring", "key", "passphrase-file", "output")
}

// chartAndTargets wants a chart and at least one repository.
func chartAndTargets(cmd *cobra.Command, args []string) error {
	if len(args) >= 2 {
		return nil
	}
	return usage(cmd, nil, "%s wants a chart and a repository: %s", cmd.CommandPath(), cmd.UseLine())
}

func (o *publishOptions) run(ctx context.Context, path string, names []string) error {
	p, err := o.prepare(ctx, names)
	if err != nil {
		return err
	}
	if p.pkg, err = o.pack(path); err != nil {
		return tellInvalid(o.std, "publish", "nothing was published", err)
	}
	return o.publishAndPrint(ctx, p)
}

// prepare makes of the flags and the repositories all that is needed but the chart.
func (o *publishOptions) prepare(ctx context.Context, names []string) (publishing, error) {
	pattern, err := o.patterns()
	if err != nil {
		return publishing{}, err
	}
	targets, err := parseTargets(names)
	if err != nil {
		return publishing{}, err
	}
	client, err := o.client(ctx)
	if err != nil {
		return publishing{}, err
	}
	return publishing{client: client, targets: targets, pattern: pattern}, nil
}

// publishAndPrint publishes, shows how far it is, and says what came of it.
func (o *publishOptions) publishAndPrint(ctx context.Context, p publishing) error {
	var step atomic.Value
	step.Store("packaging")
	stop := o.std.whileWaiting(func() string { return step.Load().(string) })
	p.told = func(what string, at artifact.Reference) { step.Store(what + " " + at.Host) }
	result, err := o.publish(ctx, p)
	stop()
	if _, stopped := interruption(ctx); stopped && err != nil && result != nil {
		fmt.Fprintln(o.std.err, "stopped"+result.sofar()) // who stops it is told no error
	}
	if err != nil {
		return err
	}
	if err := o.print(result); err != nil {
		return err
	}
	if result.blocked {
		return errFindings
	}
	return nil
}

// patterns are the regular expressions among the flags.
type patterns struct{ releases, dev *regexp.Regexp }

func (o *publishOptions) patterns() (patterns, error) {
	var p patterns
	for flag, one := range map[string]struct {
		text string
		into **regexp.Regexp
	}{"--prereleases": {o.prereleases, &p.releases}, "--dev": {o.dev, &p.dev}} {
		if one.text == "" {
			continue
		}
		compiled, err := regexp.Compile(one.text)
		if err != nil {
			return p, fault.Wrap(fault.Usage, "", flag, err)
		}
		*one.into = compiled
	}
	return p, nil
}

func parseTargets(names []string) ([]artifact.Reference, error) {
	targets := make([]artifact.Reference, len(names))
	for i, name := range names {
		ref, err := artifact.ParseReference(name)
		if err != nil {
			return nil, err
		}
		if ref.Version != "" || ref.Digest != "" {
			return nil, fault.New(fault.Usage, "", name, "a repository is wanted, without a version or digest").
				WithHint("write %s, and the version in Chart.yaml or with --version", ref.Repository())
		}
		if ref.Name() != chart.Name {
			return nil, fault.New(fault.Usage, "", name, "the repository is named %q, the chart %q", ref.Name(), chart.Name).
				WithHint("write %s/%s", strings.TrimSuffix(ref.String(), "/"), chart.Name)
		}
		targets[i] = ref
	}
	return targets, nil
}

func (o *publishOptions) client(ctx context.Context) (*artifact.Client, error) {
	if o.timeout <= 0 {
		return nil, fault.New(fault.Usage, "", "--timeout", "%s is no time to answer in", o.timeout)
	}
	return chartClient(ctx, o.registries, artifact.Options{Provenance: true, EveryBlob: true, Timeout: o.timeout})
}

// chartClient makes a client of registries that hold charts.
func chartClient(ctx context.Context, rewrites []string, opts artifact.Options) (*artifact.Client, error) {
	configs, err := registries(ctx, rewrites)
	if err != nil {
		return nil, err
	}
	hosts, err := (&sourceFlags{}).hosts(configs)
	if err != nil {
		return nil, err
	}
	return artifact.New(hosts, opts), nil
}

// publishing is what one publication works with.
type publishing struct {
	client  *artifact.Client
	targets []artifact.Reference
	pattern patterns
	pkg     *packaged
	told    func(what string, at artifact.Reference)
}

// publish looks, and unless something speaks against it publishes. Where that
// fails halfway it also says how far it came.
func (o *publishOptions) publish(ctx context.Context, p publishing) (*publication, error) {
	version := p.pkg.chart.Metadata.Version
	dev := p.pattern.dev != nil
	if dev && !p.pattern.dev.MatchString(version) {
		return nil, fault.New(fault.Usage, "", "--dev", "version %s does not match %s", version, p.pattern.dev)
	}
	out := &publication{Chart: chart.Name, Version: version, ArchiveDigest: p.pkg.digest(), DryRun: o.dryRun}
	created, err := sourceDate()
	if err != nil {
		return nil, err
	}
	r := release.Release{
		Client: p.client, Version: version, Targets: p.targets, Told: p.told,
		Package: artifact.Package{Archive: p.pkg.archive, Created: created, Revision: o.revision, Move: dev},
	}
	key, err := o.signing.sign(p.pkg, &r.Package)
	if err != nil {
		return nil, err
	}
	plan, err := r.Look(ctx)
	if err != nil {
		return nil, err
	}
	if out.SignedBy, err = signedBy(plan, p.pkg, r.Package.Provenance, key); err != nil {
		return nil, err
	}
	found := lint.Run(p.pkg.source, lint.Options{
		Today: chart.Date(time.Now().UTC().Format(time.DateOnly)), AllowedHosts: o.hosts, DefaultType: o.defaultType,
	})
	if err := out.object(ctx, p, plan, gate.Findings(found.Findings), o.allow); err != nil {
		return nil, err
	}
	out.blocked = !dev && len(out.against()) > 0
	if o.dryRun || out.blocked {
		return out, nil
	}
	done, err := plan.Run(ctx)
	out.published(done)
	if err != nil {
		return out, fmt.Errorf("%w%s", err, out.sofar())
	}
	return out, nil
}
