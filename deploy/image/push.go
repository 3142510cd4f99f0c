package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

func parseTargets(references []string) ([]name.Tag, error) {
	var out []name.Tag
	for _, text := range references {
		tag, err := name.NewTag(text, name.StrictValidation)
		if err != nil {
			return nil, fmt.Errorf("--push %s is not written like harbor.example/toolforge/bayplan:1.2.3: %w", text, err)
		}
		out = append(out, tag)
	}
	return out, nil
}

// push puts everything into a registry, and the tag last, so that whoever finds
// it finds all of it. A tag that leads elsewhere is left alone.
func (made *product) push(ctx context.Context, to name.Tag) error {
	options := []remote.Option{remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain), remote.WithUserAgent("bayplan-image")}
	digest, err := made.index.Digest()
	if err != nil {
		return err
	}
	switch there, err := remote.Head(to, options...); {
	case err == nil && there.Digest == digest:
		return nil
	case err == nil:
		return fmt.Errorf("this tag is taken, by %s: choose another one", there.Digest)
	case !isMissing(err):
		return err
	}
	if err := remote.WriteIndex(to.Digest(digest.String()), made.index, options...); err != nil {
		return err
	}
	for _, beside := range made.referrers {
		of, err := beside.Digest()
		if err != nil {
			return err
		}
		if err := remote.Write(to.Digest(of.String()), beside, options...); err != nil {
			return err
		}
	}
	return remote.Tag(to, made.index, options...)
}

// isMissing tells a tag that is not there from a registry that could not be asked.
func isMissing(err error) bool {
	failure, ok := errors.AsType[*transport.Error](err)
	return ok && failure.StatusCode == http.StatusNotFound
}
