package main

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/Masterminds/semver/v3"
	"github.com/spf13/cobra"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/artifact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
)

// sourceFlags say which catalog is meant and how registries are reached. The
// commands that ask registries themselves share them.
type sourceFlags struct {
	catalog         string
	constraint      string
	prereleases     string
	keyring         string
	requireSigned   bool
	registries      []string
	interval        time.Duration
	catalogInterval time.Duration
	// roundLimit bounds one round at a registry; 0 means as long as it takes.
	roundLimit time.Duration
	// credentials are those to show instead of Docker's; nil means Docker's.
	credentials endpoint.CredentialFunc
	// given is the catalog's origin in place of what the flags say; nil means them.
	given resolver.Origin
}

func (f *sourceFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.catalog, "catalog", "", "`CATALOG` to read: oci://HOST/PATH/image-config:VERSION (or @DIGEST), a chart's directory, a .tgz, or \"bundled\"")
	f.registerVersion(cmd)
}

// registerVersion adds which version of a chart is meant, whose signature counts,
// and how registries are reached.
func (f *sourceFlags) registerVersion(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.constraint, "constraint", "", "follow the newest version that this SemVer `RANGE` admits (with an oci:// catalog without a version)")
	flags.StringVar(&f.prereleases, "prereleases", "", "`REGEXP` of the pre-releases that count under --constraint, for example '^0\\.0\\.\\d+-\\d{14}-[0-9a-f]{8}$'")
	flags.StringVar(&f.keyring, "keyring", "", "check who signed the catalog's chart, against the public keys in this `FILE` (gpg --export)")
	flags.BoolVar(&f.requireSigned, "require-signed", false, "refuse a chart that no key of --keyring signed")
	f.registerRegistries(cmd)
}

// registerRegistries adds how registries are reached, which is all that commands
// want who name their catalog otherwise.
func (f *sourceFlags) registerRegistries(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&f.registries, "registry", nil, "reach a registry host of the catalog elsewhere: `HOST=URL` (repeatable)")
}

// registerIntervals adds how often sources are asked, for commands that go on.
func (f *sourceFlags) registerIntervals(cmd *cobra.Command) {
	cmd.Flags().DurationVar(&f.interval, "interval", 2*time.Second, "pause between two rounds at a registry")
	cmd.Flags().DurationVar(&f.catalogInterval, "catalog-interval", 0, "pause between two looks for another catalog (default: --interval)")
}

// open makes a resolver of the flags.
func (f *sourceFlags) open(ctx context.Context, opts resolver.Options) (*resolver.Resolver, error) {
	if f.interval < 0 || f.catalogInterval < 0 {
		return nil, fault.New(fault.Usage, "", "--interval", "a pause cannot be negative")
	}
	configs, err := registries(ctx, f.registries)
	if err != nil {
		return nil, err
	}
	hosts, err := f.hosts(configs)
	if err != nil {
		return nil, err
	}
	users, watch, err := usersOf(hosts, configs, opts.Logger)
	if err != nil {
		return nil, err
	}
	if users != nil {
		opts.Users = users
	}
	origin, err := f.origin(hosts, opts.Logger)
	if err != nil {
		return nil, err
	}
	opts.Owns = ownsOf(configs)
	opts.Interval, opts.CatalogInterval, opts.CatalogTimeout = f.interval, f.catalogInterval, f.roundLimit
	r := resolver.New(origin, f.liveOf(hosts, users), opts)
	if users != nil {
		r.Follow(func(*snapshot.Snapshot) { watch.look(r.Status()) })
	}
	return r, nil
}

// hosts makes the directory of how registries are reached.
func (f *sourceFlags) hosts(configs map[string]endpoint.Config) (*endpoint.Directory, error) {
	opts := endpoint.Options{UserAgent: "bayplan/" + buildVersion(), Credentials: f.credentials}
	if opts.Credentials == nil {
		var err error
		if opts.Credentials, err = credentials(); err != nil {
			return nil, err
		}
	}
	return endpoint.New(configs, opts)
}

// origin tells an oci:// reference from a path.
func (f *sourceFlags) origin(hosts *endpoint.Directory, log *slog.Logger) (resolver.Origin, error) {
	switch {
	case f.given != nil:
		return f.given, nil
	case f.catalog == "":
		return nil, fault.New(fault.Usage, "", "", "no catalog is named").
			WithHint("name one with --catalog (oci://…, a chart's directory, a .tgz or \"bundled\"); to look around: bayplan serve --demo")
	case strings.Contains(f.catalog, "://"):
		return f.repository(hosts, log)
	case f.constraint != "" || f.prereleases != "":
		return nil, fault.New(fault.Usage, "", "--constraint", "only an oci:// catalog has versions to choose from")
	case f.catalog == string(resolver.OriginBundled):
		return resolver.FromBundled(), nil
	}
	// A path that is not there is a slip of the pen; one that vanishes later is
	// the business of who serves.
	if _, err := os.Stat(f.catalog); errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.Usage, "", "--catalog", "there is nothing at %s", f.catalog).
			WithHint("a chart in a registry is written oci://HOST/PATH:VERSION")
	}
	return resolver.FromPath(f.catalog), nil
}

func (f *sourceFlags) repository(hosts *endpoint.Directory, log *slog.Logger) (resolver.Origin, error) {
	ref, err := artifact.ParseReference(f.catalog)
	if err != nil {
		return nil, err
	}
	selection, err := f.selection(ref)
	if err != nil {
		return nil, err
	}
	trust, err := f.trust()
	if err != nil {
		return nil, err
	}
	client := artifact.New(hosts, artifact.Options{Provenance: trust.Ring != nil, Warning: func(host, text string) {
		if log != nil {
			log.Warn("a registry warns", "host", host, "warning", text)
		}
	}})
	return resolver.FromRepository(client, ref, selection, trust), nil
}

// selection says which version of a repository is meant.
func (f *sourceFlags) selection(ref artifact.Reference) (artifact.Selection, error) {
	selection := artifact.Selection{Constraint: f.constraint}
	named := ref.Version != "" || ref.Digest != ""
	switch {
	case f.prereleases != "" && f.constraint == "":
		return selection, fault.New(fault.Usage, "", "--prereleases", "it says which versions count under --constraint, which is not given")
	case f.constraint == "" && !named:
		return selection, fault.New(fault.Usage, "", f.catalog, "no version is named").
			WithHint("write %s:VERSION, or follow a range with --constraint", f.catalog)
	case f.constraint != "" && named:
		return selection, fault.New(fault.Usage, "", "--constraint", "the catalog names a version already: leave one of them out")
	}
	if _, err := semver.NewConstraint(f.constraint); f.constraint != "" && err != nil {
		return selection, fault.New(fault.Usage, "", "--constraint", "%q is no SemVer range", f.constraint).
			WithHint("write for example '>=0.0.28' or '~1.4'")
	}
	if f.prereleases == "" {
		return selection, nil
	}
	pattern, err := regexp.Compile(f.prereleases)
	if err != nil {
		return selection, fault.Wrap(fault.Usage, "", "--prereleases", err)
	}
	selection.PreReleases = pattern
	return selection, nil
}
