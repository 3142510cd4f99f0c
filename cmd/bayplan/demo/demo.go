// Package demo brings everything that a first look at Bayplan needs: registries
// in this process, the sample catalog published to one of them through the real
// publish path, and small images for most of what the catalog names.
//
// Nothing leaves the machine, nothing is written to disk, and all is gone when
// the process ends.
package demo

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
	"time"

	ggcr "github.com/google/go-containerregistry/pkg/registry"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/pack"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/artifact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
)

// chartPath is the repository of the catalog chart, as on Toolforge.
const chartPath = "toolforge/image-config"

// Demo is a set of registries that are running.
type Demo struct {
	// Catalog is the reference under which the sample catalog was published.
	Catalog artifact.Reference
	// Registries says how to reach the hosts that the catalog names.
	Registries map[string]endpoint.Config
	// Missing are the short names whose image was left out.
	Missing []string
	// Credentials are what its registries are to be shown.
	Credentials endpoint.CredentialFunc

	servers []*http.Server
	closers []func() error
}

// Start starts the registries and fills them. Close them with [Demo.Close].
func Start(ctx context.Context) (*Demo, error) {
	sample, err := pack.Bundled()
	if err != nil {
		return nil, err
	}
	d := &Demo{Registries: map[string]endpoint.Config{}, Missing: missing()}
	if err := d.start(ctx, sample); err != nil {
		return nil, errors.Join(fmt.Errorf("start the demo: %w", err), d.Close())
	}
	return d, nil
}

func (d *Demo) start(ctx context.Context, sample *pack.Package) error {
	home, err := d.listen(ctx, emptyRegistry())
	if err != nil {
		return err
	}
	d.Registries[home] = endpoint.Config{PlainHTTP: true}
	questions := snapshot.Questions(sample.Chart.Catalog)
	for _, host := range slices.Sorted(maps.Keys(questions)) {
		address, err := d.listen(ctx, emptyRegistry())
		if err != nil {
			return err
		}
		d.Registries[host] = endpoint.Config{URL: "http://" + address}
		if err := fill(ctx, address, sample.Chart.Catalog, questions[host]); err != nil {
			return err
		}
	}
	if err := d.startHarbor(ctx); err != nil {
		return err
	}
	return d.publish(ctx, home, sample)
}

// publish puts the sample catalog where the server will pull it from.
func (d *Demo) publish(ctx context.Context, home string, sample *pack.Package) error {
	hosts, err := endpoint.New(d.Registries, endpoint.Options{})
	if err != nil {
		return err
	}
	published, err := artifact.New(hosts, artifact.Options{}).Publish(ctx,
		artifact.Reference{Host: home, Path: chartPath}, artifact.Package{Archive: sample.Archive})
	if err != nil {
		return err
	}
	d.Catalog = artifact.Reference{Host: home, Path: chartPath, Version: published.Version}
	return nil
}

func emptyRegistry() http.Handler { return ggcr.New(ggcr.Logger(log.New(io.Discard, "", 0))) }

// listen starts a registry on a free port of the loopback interface.
func (d *Demo) listen(ctx context.Context, registry http.Handler) (address string, err error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{
		Handler:           registry,
		ReadHeaderTimeout: 5 * time.Second,
	}
	d.servers = append(d.servers, server)
	go func() { _ = server.Serve(listener) }() // it ends with Close
	return listener.Addr().String(), nil
}

// Address is where a registry host of the catalog is to be found.
func (d *Demo) Address(host string) string { return d.Registries[host].URL }

// Harbor is where its Harbor is to be found, which has the images of a few tools
// and lets [PusherName] change those of one of them.
func (d *Demo) Harbor() string { return d.Address(harborHost) }

// Close ends the registries.
func (d *Demo) Close() error {
	var failed error
	for _, server := range d.servers {
		failed = errors.Join(failed, server.Close())
	}
	for _, closer := range d.closers {
		failed = errors.Join(failed, closer())
	}
	return failed
}
