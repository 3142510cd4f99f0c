// Package fake is a platform for the tests of consumers: a catalog of the
// tester's own with registries that hold its images, a Harbor with images that
// tools built, and faults that are switched on and off while it runs.
//
// It makes what stands behind a Bayplan and what stands before it; the Bayplan
// in between is the real one, and the command's business. Equal input gives
// equal answers, digests and times of pushes included. Its neighbour standin
// runs the registries.
package fake

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/cmd/bayplan/standin"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
)

// Fake is a platform that runs.
type Fake struct {
	*standin.Platform
	// Origin is where its catalog comes from.
	Origin resolver.Origin
	// Faults are none at first.
	Faults *Faults

	clock *clock
}

// Start reads the catalog at path ([OpenCatalog] says what that may be) and, if
// images is not empty, the file of that name; it starts the registries and fills
// them. End it with Close.
func Start(ctx context.Context, path, images string) (*Fake, error) {
	catalog, err := OpenCatalog(ctx, path)
	if err != nil {
		return nil, err
	}
	content := catalog.Content
	if images != "" {
		more, err := ReadContent(images)
		if err != nil {
			return nil, err
		}
		if content, err = content.with(more); err != nil {
			return nil, fmt.Errorf("%s and %s: %w", path, images, err)
		}
	}
	f := &Fake{Origin: catalog.Origin, Faults: NewFaults(), clock: &clock{}}
	if err := f.start(ctx, catalog, content); err != nil {
		return nil, err
	}
	return f, nil
}

func (f *Fake) start(ctx context.Context, catalog *Catalog, content Content) error {
	without, err := content.without(catalog.Chart.Catalog)
	if err != nil {
		return err
	}
	harbor := content.harborHost()
	f.clock.stop(created)
	defer f.clock.goOn()
	f.Platform, err = standin.Start(ctx, standin.Plan{
		Catalog: catalog.Chart.Catalog, Without: without, HarborHost: harbor, Where: "a test", Now: f.clock.now,
		Front: func(host string, next http.Handler) http.Handler {
			if host == harbor {
				return f.Faults.Behind(onHarbor, next)
			}
			return f.Faults.Behind(onRegistries, next)
		},
	})
	if err != nil {
		return err
	}
	if err := f.push(content.Tools, f.clock.stop); err != nil {
		return errors.Join(err, f.Close())
	}
	return nil
}
