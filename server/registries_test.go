package server_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"sync"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/marker"
)

// registries stand in for all registries at once. They hold whatever they are
// asked for, but for what a test says. The zero value works.
type registries struct {
	mu      sync.Mutex
	absent  map[string]bool           // repositories that are not there
	down    map[string]error          // hosts that do not answer, and why
	digests map[string]string         // repository to the digest of its tags
	markers map[string]*marker.Reader // repository to what its markers say
}

// change lets a test say something about the registries.
func (r *registries) change(f func(*registries)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.absent == nil {
		r.absent, r.down, r.digests = map[string]bool{}, map[string]error{}, map[string]string{}
		r.markers = map[string]*marker.Reader{}
	}
	f(r)
}

// without takes repositories away.
func (r *registries) without(repositories ...string) {
	r.change(func(r *registries) {
		for _, repository := range repositories {
			r.absent[repository] = true
		}
	})
}

// fail lets a host not answer; nil lets it answer again.
func (r *registries) fail(host string, err error) {
	r.change(func(r *registries) { r.down[host] = err })
}

// push puts other content behind the tags of a repository.
func (r *registries) push(repository, content string) {
	r.change(func(r *registries) { r.digests[repository] = digestOf(content) })
}

// mark puts markers on a repository.
func (r *registries) mark(repository string, tags ...string) {
	r.change(func(r *registries) {
		r.markers[repository] = &marker.Reader{}
		for _, tag := range tags {
			r.markers[repository].Read(tag, 0)
		}
	})
}

// live is a resolver.LiveFunc.
func (r *registries) live(host string) resolver.Live {
	return live{ask: func(_ context.Context, refs []fact.Reference) fact.Report {
		r.mu.Lock()
		defer r.mu.Unlock()
		if err := r.down[host]; err != nil {
			return fact.Report{Err: err}
		}
		report := fact.Report{Manifests: map[fact.Reference]fact.Manifest{}, Repositories: map[string]fact.Repository{}}
		for _, ref := range refs {
			if r.absent[ref.Repository] {
				report.Manifests[ref] = fact.Manifest{Status: fact.Absent}
				report.Repositories[ref.Repository] = fact.Repository{Status: fact.Absent}
				continue
			}
			report.Manifests[ref] = fact.Manifest{Status: fact.Present, Digest: r.digest(ref)}
			tags := []string{"2026-07-01", ref.Tag}
			slices.Sort(tags)
			there := fact.Repository{Status: fact.Present, Tags: tags}
			if said := r.markers[ref.Repository]; said != nil {
				there.Marks = said.Marks()
			}
			report.Repositories[ref.Repository] = there
		}
		return report
	}}
}

func (r *registries) digest(ref fact.Reference) string {
	if digest := r.digests[ref.Repository]; digest != "" {
		return digest
	}
	return digestOf(ref.Repository)
}

// live is a resolver.Live made of a function.
type live struct {
	ask func(ctx context.Context, refs []fact.Reference) fact.Report
}

func (l live) Ask(ctx context.Context, refs []fact.Reference) fact.Report { return l.ask(ctx, refs) }

func digestOf(content string) string { return fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(content))) }

// refused is how a registry fails that is not there.
func refused(host string) error {
	return fault.New(fault.Unreachable, "ask registry", host, "connection refused")
}
