// Package demo brings everything that a first look at Bayplan needs: registries
// in this process, the sample catalog, with a few dates more, published to one of
// them through the real publish path, and small images for most of what the
// catalog names.
//
// Nothing leaves the machine, nothing is written to disk, and all is gone when
// the process ends. What runs is package standin's; what is in it is decided here.
package demo

import (
	"context"
	"errors"
	"fmt"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/pack"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/cmd/bayplan/standin"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/artifact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
)

// chartPath is the repository of the catalog chart, as on Toolforge.
const chartPath = "toolforge/image-config"

// Demo is a platform that is running.
type Demo struct {
	*standin.Platform
	// Catalog is the reference under which the sample catalog was published.
	Catalog artifact.Reference
	// Missing are the short names whose image was left out.
	Missing []string
}

// Start starts the registries and fills them. End them with Close.
func Start(ctx context.Context) (*Demo, error) {
	d, err := start(ctx)
	if err != nil {
		return nil, fmt.Errorf("start the demo: %w", err)
	}
	return d, nil
}

func start(ctx context.Context) (*Demo, error) {
	before, served, err := versions()
	if err != nil {
		return nil, err
	}
	var clock clock
	platform, err := standin.Start(ctx, standin.Plan{
		Catalog: served.Chart.Catalog, Where: "Bayplan's demo", Without: absent(served.Chart.Catalog), HarborHost: harborHost, Now: clock.now,
	})
	if err != nil {
		return nil, err
	}
	d := &Demo{Platform: platform, Missing: missing()}
	d.readMarkers()
	err = fill(platform.Harbor, &clock)
	if err == nil {
		err = d.addUnnamed(ctx)
	}
	if err == nil {
		err = d.publish(ctx, before, served)
	}
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// addUnnamed makes the prefix of all registries' images the catalog's, and puts
// an image there that it does not name.
func (d *Demo) addUnnamed(ctx context.Context) error {
	for host, config := range d.Registries {
		if host != harborHost {
			config.Owns = []string{"toolforge-"}
			d.Registries[host] = config
		}
	}
	return d.Add(ctx, unnamed)
}

// readMarkers lets the owners of tools say something of their images.
func (d *Demo) readMarkers() {
	config := d.Registries[harborHost]
	config.Markers = true
	d.Registries[harborHost] = config
}

// publish puts the catalog where the server will pull it from, and an earlier
// version beside it.
func (d *Demo) publish(ctx context.Context, before, served *pack.Package) error {
	home, err := d.Listen(ctx, standin.EmptyRegistry())
	if err != nil {
		return err
	}
	d.Registries[home] = endpoint.Config{PlainHTTP: true}
	hosts, err := endpoint.New(d.Registries, endpoint.Options{})
	if err != nil {
		return err
	}
	d.Catalog = artifact.Reference{Host: home, Path: chartPath}
	client := artifact.New(hosts, artifact.Options{})
	for _, version := range []artifact.Package{{Archive: before.Archive, Created: created}, {Archive: served.Archive, Created: created.AddDate(0, 1, 0)}} {
		published, err := client.Publish(ctx, artifact.Reference{Host: home, Path: chartPath}, version)
		if err != nil {
			return err
		}
		d.Catalog.Version = published.Version
	}
	return nil
}

// HarborURL is where its Harbor is to be found, which has the images of a few
// tools and lets [PusherName] change those of one of them.
func (d *Demo) HarborURL() string { return d.Address(harborHost) }
