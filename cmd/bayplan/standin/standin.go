// Package standin runs what stands behind a Bayplan, in this process: a registry
// for each host that a catalog names, with small images in it, and a Harbor for
// those that tools built.
//
// The demo and the test server for consumers are made of it. Nothing leaves the
// machine, nothing is written to disk, and the same content has the same digests
// each time. What it is filled with is its callers' business.
package standin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	ggcr "github.com/google/go-containerregistry/pkg/registry"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
)

// Plan says what is to run.
type Plan struct {
	// Catalog is filled with images.
	Catalog *chart.Catalog
	// Where is the place of which a file in each image speaks, "a test" say.
	Where string
	// Without are the repositories, with their host, that stay empty.
	Without map[string]bool
	// HarborHost is how the catalog and pods call the Harbor.
	HarborHost string
	// Now is the Harbor's clock; nil is the real one.
	Now func() time.Time
	// Front stands before the handler of a host, to spoil its answers; nil lets
	// them be. It must not do so before [Start] has filled the host.
	Front func(host string, next http.Handler) http.Handler
}

// Platform is registries and a Harbor that run.
type Platform struct {
	// Registries says how to reach the hosts.
	Registries map[string]endpoint.Config
	// Credentials are what its Harbor is to be shown.
	Credentials endpoint.CredentialFunc
	// Harbor has no tools' projects at first.
	Harbor *harbortest.Harbor

	plan    Plan
	servers []*http.Server
}

// Start starts everything and fills the registries. End it with [Platform.Close].
func Start(ctx context.Context, plan Plan) (*Platform, error) {
	if plan.Front == nil {
		plan.Front = func(_ string, next http.Handler) http.Handler { return next }
	}
	p := &Platform{Registries: map[string]endpoint.Config{}, plan: plan, Harbor: harbortest.New(harbortest.Options{Now: plan.Now})}
	if err := p.start(ctx); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

func (p *Platform) start(ctx context.Context) error {
	if err := p.startHarbor(ctx); err != nil {
		return err
	}
	questions := snapshot.Questions(p.plan.Catalog)
	for _, host := range slices.Sorted(maps.Keys(questions)) {
		refs := p.wanted(questions[host])
		if host == p.plan.HarborHost {
			if err := fillHarbor(p.Harbor, refs); err != nil {
				return err
			}
			continue
		}
		address, err := p.Listen(ctx, p.plan.Front(host, EmptyRegistry()))
		if err != nil {
			return err
		}
		p.Registries[host] = endpoint.Config{URL: "http://" + address}
		if err := fill(ctx, address, refs, p.plan.Where); err != nil {
			return fmt.Errorf("fill %s: %w", host, err)
		}
	}
	return nil
}

// Add puts one more image into the registry of a host, which is not the Harbor.
func (p *Platform) Add(ctx context.Context, ref fact.Reference) error {
	address := strings.TrimPrefix(p.Address(ref.Host), "http://")
	return fill(ctx, address, []fact.Reference{ref}, p.plan.Where)
}

// EmptyRegistry makes a registry in memory.
func EmptyRegistry() http.Handler { return ggcr.New(ggcr.Logger(log.New(io.Discard, "", 0))) }

// Listen serves a handler on a free port of the loopback interface until
// [Platform.Close].
func (p *Platform) Listen(ctx context.Context, handler http.Handler) (address string, err error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
	}
	p.servers = append(p.servers, server)
	go func() { _ = server.Serve(listener) }() // it ends with Close
	return listener.Addr().String(), nil
}

// Address is where a registry host of the catalog is to be found.
func (p *Platform) Address(host string) string { return p.Registries[host].URL }

// Close ends everything.
func (p *Platform) Close() error {
	var failed error
	for _, server := range p.servers {
		failed = errors.Join(failed, server.Close())
	}
	p.Harbor.Close()
	return failed
}
