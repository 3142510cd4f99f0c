package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// product is an image for several platforms, and what goes with it.
type product struct {
	version   string
	index     v1.ImageIndex
	referrers []v1.Image // a bill of materials for each platform
}

// build compiles for each platform and makes the index.
func (o *options) build(ctx context.Context) (*product, error) {
	licenceText, err := readLicence(o.source)
	if err != nil {
		return nil, fmt.Errorf("the source of bayplan is not at %s: %w", o.source, err)
	}
	made := &product{index: mutate.IndexMediaType(empty.Index, types.OCIImageIndex)}
	for _, text := range o.platforms {
		platform, err := v1.ParsePlatform(text)
		if err != nil || platform.OS == "" || platform.Architecture == "" {
			return nil, fmt.Errorf("--platform %s is not written like linux/amd64", text)
		}
		p, err := compile(ctx, o.source, o.version, *platform)
		if err != nil {
			return nil, err
		}
		if err := p.traceable(); err != nil && !o.anyRevision {
			return nil, err
		}
		at, err := timeOf(p)
		if err != nil {
			return nil, err
		}
		if err := made.add(p, licenceText, at); err != nil {
			return nil, err
		}
	}
	return made, nil
}

// add takes a platform's image into the index, with what it is made of.
func (made *product) add(p *program, licenceText []byte, at time.Time) error {
	sbom, err := p.sbom(at)
	if err != nil {
		return err
	}
	image, err := imageOf(p, sbom, licenceText, at)
	if err != nil {
		return err
	}
	beside, err := referrerTo(image, sbom, at.Format(time.RFC3339))
	if err != nil {
		return err
	}
	made.version = p.version
	made.index = mutate.AppendManifests(made.index, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{Platform: &p.platform}})
	made.index = mutate.Annotations(made.index, labels(p, at)).(v1.ImageIndex)
	made.referrers = append(made.referrers, beside)
	return nil
}

// timeOf is the time that everything in the image has: SOURCE_DATE_EPOCH, as all
// reproducible builds take it, else that of the commit.
func timeOf(p *program) (time.Time, error) {
	text := os.Getenv("SOURCE_DATE_EPOCH")
	if text == "" {
		return p.committed(), nil
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil || seconds < 0 {
		return time.Time{}, fmt.Errorf("SOURCE_DATE_EPOCH is %q, and not a number of seconds since 1970", text)
	}
	return time.Unix(seconds, 0).UTC(), nil
}
