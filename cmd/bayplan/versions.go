package main

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/artifact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbor"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/history"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

type versionsOptions struct {
	std     streams
	output  outputFlag
	answers answerFlags // a server, and how long it may take
	limit   int
	brief   bool
}

func newVersionsCommand(std streams) *cobra.Command {
	o := &versionsOptions{std: std}
	cmd := &cobra.Command{
		Use:   "versions [oci://HOST/PATH/image-config]",
		Short: "List the versions of the catalog that were published",
		Long: `Versions lists what a repository has, the newest first: the time of publication,
the digest, whether it is signed (with --keyring, by whom), how many changes since
the version below it break somebody and how many do not, and with --constraint the
version that it picks. With --server it lists what a server knows, and which
version that serves.

Times come from Harbor where the host's kind is harbor in the settings file, else
from the manifests, which are read for them. For signatures and changes each
version in the list is fetched, and one more, which Harbor counts as a pull;
--brief leaves them out.

The exit code is 1 if there is no version.`,
		Example: `  bayplan versions oci://harbor.example/toolforge/image-config
  bayplan versions oci://harbor.example/toolforge/image-config --constraint '>=0.0.28' --limit 5
  bayplan versions oci://harbor.example/toolforge/image-config --keyring maintainers.gpg
  bayplan versions --server http://127.0.0.1:8080 -o json`,
		DisableFlagsInUseLine: true,
		Args:                  o.arguments,
		ValidArgsFunction:     cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 && o.answers.server == "" {
				return usage(cmd, nil, "%s wants one repository, or --server: %s", cmd.CommandPath(), cmd.UseLine())
			}
			if len(args) == 1 {
				o.answers.source.catalog = args[0]
				if !cmd.Flags().Changed("limit") {
					o.limit = defaultVersions
				}
			}
			return o.run(cmd.Context())
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.answers.server, "server", "", "ask the server at this `URL` instead of a registry")
	o.answers.proof.register(cmd)
	flags.DurationVar(&o.answers.timeout, "timeout", 30*time.Second, "how long the whole may take")
	flags.IntVar(&o.limit, "limit", 0, "at most so many, the newest; 0 is all (default: 20, and all of a server)")
	flags.BoolVar(&o.brief, "brief", false, "leave out signatures and changes, and fetch no version")
	flags.StringVar(&o.answers.source.keyring, "keyring", "", "say who signed each, going by the public keys in this `FILE` (gpg --export)")
	flags.StringVar(&o.answers.source.constraint, "constraint", "", "say which version this SemVer `RANGE` picks")
	flags.StringVar(&o.answers.source.prereleases, "prereleases", "", "`REGEXP` of the pre-releases that count under --constraint")
	o.answers.source.registerRegistries(cmd)
	o.output.register(cmd)
	return cmd
}

// defaultVersions is how many versions of a repository are listed: each is
// fetched.
const defaultVersions = 20

// arguments refuses what does not go together on the command line; the settings
// are those of other commands too, and are not known yet.
func (o *versionsOptions) arguments(cmd *cobra.Command, args []string) error {
	given := cmd.Flags().Changed
	switch {
	case len(args) > 1:
		return usage(cmd, nil, "%s wants one repository, or --server: %s", cmd.CommandPath(), cmd.UseLine())
	case len(args) == 1 && given("server"):
		return usage(cmd, nil, "--server cannot go together with a repository: the server has one of its own")
	case given("server") && (given("constraint") || given("keyring")):
		return usage(cmd, nil, "--constraint and --keyring are for a repository: a server follows and checks by its own settings")
	case given("brief") && given("keyring"):
		return usage(cmd, nil, "--brief fetches no version, and --keyring wants to see their signatures: leave one of them out")
	}
	return nil
}

func (o *versionsOptions) run(ctx context.Context) error {
	if o.limit < 0 || o.limit > 1000 {
		return fault.New(fault.Usage, "", "--limit", "%d is no number from 0 to 1000", o.limit)
	}
	answer := versionsResult{Versions: []versionRow{}}
	ask := o.askServer
	if o.answers.source.catalog != "" {
		ask = o.askRegistry
	}
	err := ask(ctx, &answer)
	if fault.Is(err, fault.NotFound) {
		printError(o.std.err, err)
		return errFindings
	}
	if err != nil {
		return err
	}
	printMessages(o.std, answer.Messages, nil)
	if err := o.output.print(o.std.out, answer, func() error { return o.table(answer) }); err != nil {
		return err
	}
	if len(answer.Versions) == 0 {
		return errFindings
	}
	return nil
}

func (o *versionsOptions) askServer(ctx context.Context, answer *versionsResult) error {
	query := url.Values{}
	if o.limit > 0 {
		query.Set("limit", strconv.Itoa(o.limit))
	}
	var list api.VersionsAnswer
	err := o.answers.ask(ctx, o.std, func(ctx context.Context, who *asker) error {
		return who.get(ctx, "v1/catalog/versions", query, &list)
	})
	answer.Messages = list.Messages
	for _, v := range list.Versions {
		answer.Versions = append(answer.Versions, versionRow{Version: v})
	}
	return err
}

// askRegistry asks a repository. What is served somewhere, it does not know.
func (o *versionsOptions) askRegistry(ctx context.Context, answer *versionsResult) error {
	from, err := o.repository(ctx)
	if err != nil {
		return err
	}
	trust, err := o.answers.source.trust()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, o.answers.timeout, o.answers.late())
	defer cancel()
	defer o.std.whileWaiting(func() string { return "asking " + from.Reference.Host })()
	content := newVersionContent(from, trust, o.answers.timeout)
	list, err := content.history.List(ctx)
	if err != nil {
		return err
	}
	shown := list.Versions
	if o.limit > 0 && len(shown) > o.limit {
		shown = shown[:o.limit]
	}
	for _, v := range shown {
		answer.Versions = append(answer.Versions, versionRow{Version: api.Version{
			Version: v.Version, Digest: v.Digest, PublishedAt: v.Published, Selected: v.Selected,
		}})
	}
	o.tellPicked(list.Versions, answer)
	if o.brief {
		return nil
	}
	return content.describe(ctx, list.Versions, answer)
}

// tellPicked says so where the table cannot show what the constraint picks.
func (o *versionsOptions) tellPicked(all []history.Version, answer *versionsResult) {
	if o.answers.source.constraint == "" {
		return
	}
	at := slices.IndexFunc(all, func(v history.Version) bool { return v.Selected })
	switch {
	case at < 0:
		answer.warn("no version matches %s", o.answers.source.constraint)
	case at >= len(answer.Versions):
		answer.warn("%s picks version %s, which is not among the newest %d", o.answers.source.constraint, all[at].Version, len(answer.Versions))
	}
}

func (o *versionsOptions) repository(ctx context.Context) (history.Repository, error) {
	source := &o.answers.source
	ref, err := artifact.ParseReference(source.catalog)
	if err != nil {
		return history.Repository{}, err
	}
	selection, err := o.selection(ref)
	if err != nil {
		return history.Repository{}, err
	}
	configs, err := registries(ctx, source.registries)
	if err != nil {
		return history.Repository{}, err
	}
	hosts, err := source.hosts(configs)
	if err != nil {
		return history.Repository{}, err
	}
	from := history.Repository{
		Client:    artifact.New(hosts, artifact.Options{Timeout: o.answers.timeout, Provenance: !o.brief}),
		Reference: ref.Repository(), Selection: selection,
	}
	if end := hosts.For(ref.Host); end.Kind() == endpoint.Harbor {
		from.Harbor, from.HarborName = harbor.New(end, harbor.Options{}), end.Repository(ref.Path)
	}
	return from, nil
}

// selection is that of a constraint; without one nothing is chosen.
func (o *versionsOptions) selection(ref artifact.Reference) (artifact.Selection, error) {
	switch {
	case ref.Version != "" || ref.Digest != "":
		return artifact.Selection{}, fault.New(fault.Usage, "", o.answers.source.catalog, "one version is named, and all are listed: leave it out")
	case o.answers.source.constraint == "" && o.answers.source.prereleases == "":
		return artifact.Selection{}, nil
	}
	return o.answers.source.selection(ref)
}

func (o *versionsOptions) table(answer versionsResult) error {
	if len(answer.Versions) == 0 {
		fmt.Fprintln(o.std.err, "there is no version")
		return nil
	}
	described := o.answers.source.catalog != "" && !o.brief
	head := []string{"VERSION", "PUBLISHED", "IS"}
	if described {
		head = append(head, "SIGNED", "CHANGES")
	}
	rows := make([][]string, 0, len(answer.Versions))
	for _, v := range answer.Versions {
		published, is := "-", "-"
		if !v.PublishedAt.IsZero() {
			published = v.PublishedAt.UTC().Format(time.RFC3339)
		}
		switch {
		case v.Served:
			is = "served"
		case v.Selected:
			is = "selected"
		}
		row := []string{orDash(v.Version.Version), published, is}
		if described {
			row = append(row, v.signedText(), v.changesText())
		}
		rows = append(rows, append(row, orDash(v.Digest)))
	}
	return printTable(o.std, append(head, "DIGEST"), rows)
}
