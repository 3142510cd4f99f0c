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
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbor"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/kubernetes"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/rotated"
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
	cluster         kubernetes.Options
	interval        time.Duration
	catalogInterval time.Duration
	catalogMaxAge   days
	// roundLimit bounds one round at a registry; 0 means as long as it takes.
	roundLimit time.Duration
	// attemptLimit bounds one request to a registry; 0 means the endpoint's own.
	attemptLimit time.Duration
	// proofEvery is how old the proof of what is private in Harbor may be; 0 means
	// the inventory's own.
	proofEvery time.Duration
	// credentials are those to show instead of Docker's; nil means Docker's.
	credentials endpoint.CredentialFunc
	// files are those that are followed while a command goes on; nil tells nobody what
	// becomes of them.
	files *rotated.Files
	// given is the catalog's origin in place of what the flags say; nil means them.
	given resolver.Origin
}

func (f *sourceFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.catalog, "catalog", "", "`CATALOG` to read: oci://HOST/PATH/image-config:VERSION (or @DIGEST), a chart's directory, a .tgz, \"bundled\", configmap://NAMESPACE/NAME, or file:PATH of a legacy document")
	f.registerVersion(cmd)
	f.registerCluster(cmd)
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

// registerCluster adds which Kubernetes cluster is asked, as kubectl has it.
func (f *sourceFlags) registerCluster(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.cluster.Kubeconfig, "kubeconfig", "", "`FILE` that says how the cluster of a configmap:// catalog is reached (default: as kubectl, or the cluster that this runs in)")
	cmd.Flags().StringVar(&f.cluster.Context, "context", "", "`NAME` of the context in the kubeconfig (default: the current one)")
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
	cmd.Flags().Var(&f.catalogMaxAge, "catalog-max-age", "flag the catalog that a range or moving tag leads to once it was published longer than this `AGE` ago, such as 90d (default: never)")
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
	users, watch, err := usersOf(hosts, configs, f.proofEvery, opts.Logger)
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
	opts.CatalogMaxAge = time.Duration(f.catalogMaxAge)
	r := resolver.New(origin, f.liveOf(hosts, users), opts)
	if users != nil {
		r.Follow(func(*snapshot.Snapshot) { watch.look(r.Status()) })
	}
	return r, nil
}

// hosts makes the directory of how registries are reached.
func (f *sourceFlags) hosts(configs map[string]endpoint.Config) (*endpoint.Directory, error) {
	opts := endpoint.Options{UserAgent: userAgent(), Credentials: f.credentials, Timeout: f.attemptLimit, Files: f.files}
	if opts.Credentials == nil {
		var err error
		if opts.Credentials, opts.Renewals, err = credentials(f.files); err != nil {
			return nil, err
		}
	}
	return endpoint.New(configs, opts)
}

// origin tells where a catalog comes from by how its name begins.
func (f *sourceFlags) origin(hosts *endpoint.Directory, log *slog.Logger) (resolver.Origin, error) {
	switch {
	case f.given != nil:
		return f.given, nil
	case f.catalog == "":
		return nil, fault.New(fault.Usage, "", "", "no catalog is named").
			WithHint("name one with --catalog (oci://…, a chart's directory, a .tgz or \"bundled\"); to look around: bayplan serve --demo")
	case strings.Contains(f.catalog, "://") && !f.isLegacy():
		return f.repository(hosts, log)
	case f.constraint != "" || f.prereleases != "":
		return nil, fault.New(fault.Usage, "", "--constraint", "only an oci:// catalog has versions to choose from")
	case f.requireSigned:
		return nil, fault.New(fault.Usage, "", "--require-signed", "%s carries no signature", f.catalog).
			WithHint("charts in a registry do: --catalog oci://…")
	case f.isLegacy():
		return f.legacy()
	case f.catalog == string(resolver.OriginBundled):
		return resolver.FromBundled(), nil
	}
	if err := isThere(f.catalog); err != nil {
		return nil, err
	}
	if !isChart(f.catalog) {
		return nil, fault.New(fault.Usage, "", "--catalog", "%s is neither a chart's directory nor a packaged chart (.tgz)", f.catalog).
			WithHint("a legacy document, or manifests that hold one, is written %s%s", filePrefix, f.catalog)
	}
	return resolver.FromPath(f.catalog), nil
}

// filePrefix begins the path of a legacy document.
const filePrefix = "file:"

// isLegacy tells a catalog that is a legacy document and no chart.
func (f *sourceFlags) isLegacy() bool {
	return strings.HasPrefix(f.catalog, kubernetes.Scheme) || strings.HasPrefix(f.catalog, filePrefix)
}

// legacy follows a legacy document, which nobody signs.
func (f *sourceFlags) legacy() (resolver.Origin, error) {
	if path, isFile := strings.CutPrefix(f.catalog, filePrefix); isFile {
		if err := isThere(path); err != nil {
			return nil, err
		}
		return resolver.FromLegacyFile(path), nil
	}
	ref, err := kubernetes.ParseReference(f.catalog)
	if err != nil {
		return nil, err
	}
	opts := f.cluster
	opts.UserAgent, opts.Files = userAgent(), f.files
	origin, err := kubernetes.Follow(ref, opts)
	if err != nil {
		return nil, err
	}
	return origin, nil
}

// isThere refuses a path that is a slip of the pen; one that vanishes later is
// the business of who serves.
func isThere(path string) error {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return fault.New(fault.Usage, "", "--catalog", "there is nothing at %s", path).
			WithHint("a chart in a registry is written oci://HOST/PATH:VERSION")
	}
	return nil
}

func userAgent() string { return "bayplan/" + buildVersion() }

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
	said := &warnings{log: log}
	client := artifact.New(hosts, artifact.Options{Provenance: trust.Ring != nil, Warning: said.warn})
	origin := resolver.FromRepository(client, ref, selection, trust)
	if end := hosts.For(ref.Host); end.Kind() == endpoint.Harbor {
		origin.ListedBy(harbor.New(end, harbor.Options{}), end.Repository(ref.Path))
	}
	return origin, nil
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
