package resolver_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
)

// images writes a values.yaml: short name to reference, all stable.
func images(byName map[string]string) string {
	var text strings.Builder
	text.WriteString("formatVersion: \"1.0\"\nimages:\n")
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		fmt.Fprintf(&text, "  %q:\n    state: stable\n    image: %s\n", name, byName[name])
	}
	return text.String()
}

// chartYAML writes a Chart.yaml.
func chartYAML(version string) string {
	return fmt.Sprintf("apiVersion: v2\nname: image-config\nversion: %s\n", version)
}

// folder is a chart's directory that a test edits.
type folder string

func newFolder(t testing.TB, values string) folder {
	t.Helper()
	dir := folder(t.TempDir())
	dir.write(t, "Chart.yaml", chartYAML("1.0.0"))
	dir.write(t, "values.yaml", values)
	return dir
}

// write replaces a file as editors do: whoever reads sees the old or the new.
func (f folder) write(t testing.TB, name, text string) {
	t.Helper()
	path := filepath.Join(string(f), name)
	require.NoError(t, os.WriteFile(path+"~", []byte(text), 0o600))
	require.NoError(t, os.Rename(path+"~", path))
}

func (f folder) origin() resolver.Origin { return resolver.FromPath(string(f)) }

// origin is an origin made of functions.
type origin struct {
	fetch func(ctx context.Context, last string) (*resolver.Offer, error)
}

func (o origin) Name() string { return "oci://origin.example/image-config" }

func (o origin) Fetch(ctx context.Context, last string) (*resolver.Offer, error) {
	return o.fetch(ctx, last)
}

// offering gives an origin that always has one catalog.
func offering(values string) origin {
	source := chart.FromValues([]byte(values))
	return origin{fetch: func(_ context.Context, last string) (*resolver.Offer, error) {
		if last == source.Digest() {
			return nil, nil
		}
		return &resolver.Offer{Identity: source.Digest(), Kind: resolver.OriginDirectory, Source: source}, nil
	}}
}

// live is a source of facts made of a function.
type live func(ctx context.Context, refs []fact.Reference) fact.Report

func (l live) Ask(ctx context.Context, refs []fact.Reference) fact.Report { return l(ctx, refs) }

// sources gives each host its source.
func sources(byHost map[string]live) resolver.LiveFunc {
	return func(host string) resolver.Live { return byHost[host] }
}

// present answers that everything is there, with one digest.
func present(digest string) live {
	return func(_ context.Context, refs []fact.Reference) fact.Report {
		report := fact.Report{Manifests: map[fact.Reference]fact.Manifest{}, Repositories: map[string]fact.Repository{}}
		for _, ref := range refs {
			report.Manifests[ref] = fact.Manifest{Status: fact.Present, Digest: digest}
			report.Repositories[ref.Repository] = fact.Repository{Status: fact.Present, Tags: []string{"latest"}}
		}
		return report
	}
}

// absent answers that nothing is there.
func absent(_ context.Context, refs []fact.Reference) fact.Report {
	report := fact.Report{Manifests: map[fact.Reference]fact.Manifest{}, Repositories: map[string]fact.Repository{}}
	for _, ref := range refs {
		report.Manifests[ref] = fact.Manifest{Status: fact.Absent}
		report.Repositories[ref.Repository] = fact.Repository{Status: fact.Absent}
	}
	return report
}

// unreachable answers nothing.
func unreachable(context.Context, []fact.Reference) fact.Report {
	return fact.Report{Err: fault.New(fault.Unreachable, "ask registry", "b.example", "connection refused")}
}

// stalled answers when its context ends.
func stalled(ctx context.Context, _ []fact.Reference) fact.Report {
	<-ctx.Done()
	return fact.Report{Err: fault.Wrap(fault.Unreachable, "ask registry", "b.example", ctx.Err())}
}

// switched is a source that a test exchanges while it is asked.
type switched struct {
	mu  sync.Mutex
	now live
}

func (s *switched) to(l live) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = l
}

func (s *switched) ask(ctx context.Context, refs []fact.Reference) fact.Report {
	s.mu.Lock()
	now := s.now
	s.mu.Unlock()
	return now(ctx, refs)
}

// start makes a resolver that is closed with the test.
func start(t testing.TB, from resolver.Origin, of resolver.LiveFunc, opts resolver.Options) *resolver.Resolver {
	t.Helper()
	asks := &asking{t: t, to: slog.DiscardHandler}
	if opts.Logger != nil {
		asks.to = opts.Logger.Handler()
	}
	opts.Logger = slog.New(asks)
	r := resolver.New(from, of, opts)
	asks.resolver.Store(r)
	t.Cleanup(r.Close)
	return r
}

// asking is a log that asks the resolver how it fares at each line, whatever the level:
// no line is written while the resolver's lock is held.
type asking struct {
	t        testing.TB
	to       slog.Handler
	resolver atomic.Pointer[resolver.Resolver] // nil while it is made
}

func (a *asking) Enabled(context.Context, slog.Level) bool { return true }
func (a *asking) WithAttrs([]slog.Attr) slog.Handler       { panic("the resolver does not") }
func (a *asking) WithGroup(string) slog.Handler            { panic("the resolver does not") }
func (a *asking) Handle(ctx context.Context, r slog.Record) error {
	if asked := a.resolver.Load(); asked != nil {
		answered := make(chan struct{})
		go func() {
			asked.Status()
			close(answered)
		}()
		select {
		case <-answered:
		case <-time.After(10 * time.Second):
			a.t.Errorf("logged with the resolver's lock held: %s", r.Message)
		}
	}
	if !a.to.Enabled(ctx, r.Level) {
		return nil
	}
	return a.to.Handle(ctx, r)
}

// run lets a resolver run until the test ends, or the function is called, which
// waits for it.
func run(t testing.TB, r *resolver.Resolver) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		require.NoError(t, <-done)
	})
	t.Cleanup(stop)
	return stop
}

// published gives every snapshot as it is published.
func published(r *resolver.Resolver) <-chan *snapshot.Snapshot {
	all := make(chan *snapshot.Snapshot, 1000)
	r.Follow(func(s *snapshot.Snapshot) { all <- s })
	return all
}

// await reads snapshots until one is as wanted, and gives it.
func await(t testing.TB, all <-chan *snapshot.Snapshot, wanted func(*snapshot.Snapshot) bool) *snapshot.Snapshot {
	t.Helper()
	for {
		select {
		case s := <-all:
			if wanted(s) {
				return s
			}
		case <-t.Context().Done():
			require.FailNow(t, "no such snapshot")
		}
	}
}

// texts gives the warnings of a snapshot.
func texts(s *snapshot.Snapshot) []string {
	out := []string{}
	for _, w := range s.Warnings {
		out = append(out, w.Text)
	}
	return out
}

// view writes one image as a word: what is known of its existence, its digest,
// and whether that is stale.
func view(s *snapshot.Snapshot, name string) string {
	i := s.Image(name)
	if i == nil {
		return "none"
	}
	text := i.Exists.String()
	if i.Digest != "" {
		text += " " + i.Digest
	}
	if i.Stale {
		text += " stale"
	}
	return text
}

// logbook keeps log lines.
type logbook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logbook) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{
		Level: slog.LevelInfo,
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey || a.Key == "refresh" { // whose number it is, TestOneRefreshIsOneStory tells
				return slog.Attr{}
			}
			return a
		},
	}))
}

// take gives the lines since the last time.
func (l *logbook) take() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := strings.TrimSpace(l.text.String())
	l.text.Reset()
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}
