package server

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/names"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
)

// demandWait is how long a request that wants to know better waits for it.
const demandWait = 3 * time.Second

// wantsFresh tells whether a request asks for an answer that is newer than what
// is kept (RFC 9111, section 5.2.1.4).
func wantsFresh(r *http.Request) bool {
	values := r.Header["Cache-Control"]
	if len(values) == 0 {
		return false
	}
	for directive := range strings.SplitSeq(single(values), ",") {
		if strings.EqualFold(strings.TrimSpace(directive), "no-cache") {
			return true
		}
	}
	return false
}

// onDemand asks the registry about a tool ("" for everything) before the answer
// is given, if the request wants that. It gives the sentence to warn with if
// nothing newer was to be had.
func (s *Server) onDemand(r *http.Request, tool string) string {
	if !wantsFresh(r) {
		return ""
	}
	return s.askNow(r, func(ctx context.Context) error {
		if tool == "" {
			return s.view.RefreshLive(ctx)
		}
		return s.view.RefreshTool(ctx, tool)
	})
}

// onDemandAbout asks about one name that anyone may ask for: the registries of a
// standard image alone, so that no other's bad day counts.
func (s *Server) onDemandAbout(r *http.Request, p *pages, name string) string {
	image := p.names.Find(name)
	if image == nil {
		return s.onDemand(r, p.publicToolNamed(name))
	}
	return s.askNow(r, func(ctx context.Context) error {
		var group errgroup.Group
		for _, host := range hostsOf(image) {
			group.Go(func() error { return s.view.RefreshHost(ctx, host) })
		}
		return group.Wait()
	})
}

// hostsOf gives the registries of a standard image, each once.
func hostsOf(image *snapshot.Image) []string {
	hosts := []string{image.Reference.Host}
	for _, v := range image.Variants {
		if !slices.Contains(hosts, v.Reference.Host) {
			hosts = append(hosts, v.Reference.Host)
		}
	}
	return hosts
}

// askNow asks and waits. It gives the sentence to warn with if nothing newer was
// to be had.
func (s *Server) askNow(r *http.Request, ask func(context.Context) error) string {
	ctx, cancel := context.WithTimeout(r.Context(), demandWait)
	defer cancel()
	if err := ask(ctx); err != nil {
		// The source's own rounds say so once; this may be every request's.
		s.log.DebugContext(r.Context(), "nothing newer could be had", "error", err)
		return "the registry could not be asked just now: this is its last good answer"
	}
	return ""
}

// maxAsked is how many tools and registries one request asks about by name. One
// that spells more asks for everything that changed instead.
const maxAsked = 8

// onDemandFor asks about what is spelled, all at once. About its own images a
// tool is always answered; about those of another tool only if anyone may see
// them; and about a standard image its own registries are. Whatever else is
// spelled is one incremental look at everything, so that an invented tool costs no
// question of its own, and a private one is asked about as often as one that is
// not there.
func (s *Server) onDemandFor(r *http.Request, p *pages, reader string, spelled []string) string {
	var tools, hosts []string
	for _, name := range spelled {
		if image := p.names.Resolve(name).Image; image != nil {
			for _, host := range hostsOf(image) {
				hosts = withOne(hosts, host)
			}
			continue
		}
		tool := names.Parse(name).Tool()
		if tool != reader && p.publicTool(tool) == nil {
			tool = ""
		}
		tools = withOne(tools, tool)
	}
	if len(tools)+len(hosts) > maxAsked {
		tools = []string{""}
	}
	if slices.Contains(tools, "") {
		hosts = nil // they are asked with everything
	}
	said := make([]string, len(tools)+len(hosts))
	var group errgroup.Group
	for i, tool := range tools {
		group.Go(func() error {
			said[i] = s.onDemand(r, tool)
			return nil
		})
	}
	for i, host := range hosts {
		group.Go(func() error {
			said[len(tools)+i] = s.askNow(r, func(ctx context.Context) error { return s.view.RefreshHost(ctx, host) })
			return nil
		})
	}
	_ = group.Wait() // what they have to say is in said
	return cmp.Or(said...)
}

// withOne adds a word to a list that does not have it.
func withOne(words []string, word string) []string {
	if slices.Contains(words, word) {
		return words
	}
	return append(words, word)
}
