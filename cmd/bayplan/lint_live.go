package main

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/lint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/reference"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
)

// liveFlags say whether the registries are asked what only they know, and how.
type liveFlags struct {
	live      bool
	published string
	timeout   time.Duration
	source    sourceFlags
}

func (f *liveFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.BoolVar(&f.live, "live", false, "ask the registries too: is each image there, do tags name what is pinned, is there more where all is the catalog's?")
	flags.StringVar(&f.published, "published", "", "last published `CATALOG`, oci://HOST/PATH:VERSION: which tags moved from the digests that it pins? (implies --live)")
	flags.DurationVar(&f.timeout, "timeout", 30*time.Second, "how long asking may take")
	f.source.registerRegistries(cmd)
}

// asked tells whether registries are to be asked.
func (f *liveFlags) asked() bool { return f.live || f.published != "" }

// facts asks every host that the charts name, each once, and gives what was
// learnt and why some could not be asked.
func (f *liveFlags) facts(ctx context.Context, std streams, sources []*chart.Source) (*lint.Facts, []error, error) {
	if f.timeout <= 0 {
		return nil, nil, fault.New(fault.Usage, "", "--timeout", "%s is no time to answer in", f.timeout)
	}
	f.source.roundLimit = f.timeout
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	configs, err := registries(ctx, f.source.registries)
	if err != nil {
		return nil, nil, err
	}
	hosts, err := f.source.hosts(configs)
	if err != nil {
		return nil, nil, err
	}
	stop := std.whileWaiting(func() string { return "asking the registries" })
	defer stop()
	facts := &lint.Facts{Manifests: map[reference.Reference]lint.Manifest{}, Repositories: map[string][]string{}}
	if facts.Published, err = f.pins(ctx, hosts); err != nil {
		return nil, nil, err
	}
	failed := f.askAll(ctx, hosts, questionsOf(sources), facts)
	return facts, append(failed, f.listOwned(ctx, hosts, ownsOf(configs), facts)...), nil
}

// listOwned asks which repositories there are below the prefixes that settings
// give to the catalog.
func (f *liveFlags) listOwned(ctx context.Context, hosts *endpoint.Directory, owns map[string][]string, facts *lint.Facts) []error {
	var failed []error
	live := f.source.liveOf(hosts, nil)
	for _, host := range slices.Sorted(maps.Keys(owns)) {
		lister, ok := live(host).(resolver.Lister)
		if !ok || len(owns[host]) == 0 {
			continue
		}
		names, err := lister.Repositories(ctx, owns[host])
		if err != nil {
			failed = append(failed, err)
			continue
		}
		for _, name := range names {
			facts.Owned = append(facts.Owned, host+"/"+name)
		}
	}
	return failed
}

// questionsOf gives what has to be asked about charts, by host.
func questionsOf(sources []*chart.Source) map[string][]fact.Reference {
	out := map[string][]fact.Reference{}
	for _, source := range sources {
		loaded, _ := source.Check()
		if loaded == nil {
			continue // it is no YAML, and nothing names a host
		}
		for host, questions := range snapshot.Questions(loaded.Catalog) {
			out[host] = append(out[host], questions...)
		}
	}
	return out
}

// askAll asks all hosts at once and fills facts. It gives what went wrong, by
// host.
func (f *liveFlags) askAll(ctx context.Context, hosts *endpoint.Directory, questions map[string][]fact.Reference, facts *lint.Facts) []error {
	names := slices.Sorted(maps.Keys(questions))
	live := f.source.liveOf(hosts, nil)
	reports := make([]fact.Report, len(names))
	var group sync.WaitGroup
	for i, host := range names {
		group.Go(func() { reports[i] = live(host).Ask(ctx, questions[host]) })
	}
	group.Wait()
	var failed []error
	for i, host := range names {
		for asked, m := range reports[i].Manifests {
			ref := reference.Reference{Host: asked.Host, Path: asked.Repository, Tag: asked.Tag, Digest: asked.Digest}
			facts.Manifests[ref] = lint.Manifest{There: m.Status == fact.Present, Digest: m.Digest}
		}
		for path, r := range reports[i].Repositories {
			var tags []string
			if r.Status == fact.Present {
				tags = append([]string{}, r.Tags...)
			}
			facts.Repositories[host+"/"+path] = tags
		}
		if err := reports[i].Err; err != nil {
			failed = append(failed, err)
		}
	}
	return failed
}

// pins gives the digests that the published catalog pins beside a tag.
func (f *liveFlags) pins(ctx context.Context, hosts *endpoint.Directory) (map[reference.Reference]string, error) {
	if f.published == "" {
		return nil, nil
	}
	if !strings.Contains(f.published, "://") {
		return nil, fault.New(fault.Usage, "", "--published", "%q is no oci:// reference", f.published).
			WithHint("write oci://HOST/PATH/%s:VERSION", chart.Name)
	}
	from := f.source
	from.catalog = f.published
	origin, err := from.repository(hosts, nil)
	if err != nil {
		return nil, err
	}
	offer, err := origin.Fetch(ctx, "")
	if err != nil {
		return nil, err
	}
	loaded, err := offer.Source.Load()
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, "read published catalog", f.published, err)
	}
	out := map[reference.Reference]string{}
	for _, questions := range snapshot.Questions(loaded.Catalog) {
		for _, q := range questions {
			if q.Tag != "" && q.Digest != "" {
				out[reference.Reference{Host: q.Host, Path: q.Repository, Tag: q.Tag}] = q.Digest
			}
		}
	}
	return out, nil
}
