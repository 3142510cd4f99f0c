package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/archive"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/legacy"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/artifact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// standardInput is the side that is read from there.
const (
	standardInput     = "-"
	standardInputName = "standard input"
)

// side is one of two catalogs that are compared.
type side struct {
	// Name is what was asked for, or the reference that it led to.
	Name    string `json:"name"`
	Version string `json:"version,omitempty"` // of the chart; "" while unknown
	Digest  string `json:"digest,omitempty"`  // of the manifest; "" if there is none

	catalog *chart.Catalog
	source  *chart.Source
}

// String names the side for people.
func (s side) String() string {
	if s.Version == "" || strings.Contains(s.Name, s.Version) {
		return s.Name
	}
	return s.Name + " (" + s.Version + ")"
}

// sideReader reads what is compared.
type sideReader struct {
	source sourceFlags
	stdin  io.Reader
	std    streams
}

func (r *sideReader) read(ctx context.Context, name string) (side, error) {
	offer, err := r.offer(ctx, name)
	if err != nil {
		if ctx.Err() != nil {
			return side{}, context.Cause(ctx)
		}
		return side{}, err
	}
	if err := offer.Signature.Admit(offer.Reference); err != nil {
		return side{}, err
	}
	if s := offer.Signature; s.Checked && s.By == nil {
		fmt.Fprintf(r.std.err, "warning: %s: no key of the keyring vouches for it: %s\n", shown(name), shown(s.Err.Error()))
	}
	loaded, err := offer.Source.Load()
	if err != nil {
		return side{}, r.invalid(name, err)
	}
	for _, w := range loaded.Warnings {
		fmt.Fprintln(r.std.err, shown(w.String()))
	}
	out := side{Name: name, Version: loaded.Metadata.Version, Digest: offer.Digest, catalog: loaded.Catalog, source: offer.Source}
	switch {
	case offer.Reference != "":
		out.Name = offer.Reference
	case name == standardInput:
		out.Name = standardInputName
	}
	return out, nil
}

// invalid shows all that is wrong with a side that cannot be compared.
func (r *sideReader) invalid(name string, err error) error {
	invalid, ok := errors.AsType[*chart.InvalidError](err)
	if !ok {
		return err
	}
	for _, f := range invalid.Findings.Errors() {
		fmt.Fprintln(r.std.err, shown(f.String()))
	}
	return fault.New(fault.Invalid, "compare", name, "the catalog has %s, and is not compared until that is mended", count(len(invalid.Findings.Errors()), "error"))
}

func (r *sideReader) offer(ctx context.Context, name string) (*resolver.Offer, error) {
	if name == standardInput {
		return r.readStandardInput()
	}
	origin, err := r.origin(ctx, name)
	if err != nil {
		return nil, err
	}
	defer r.std.whileWaiting(func() string { return "reading " + name })()
	return origin.Fetch(ctx, "")
}

// origin finds out what a side is. A file may be a packaged chart or a legacy
// document: its first bytes tell.
func (r *sideReader) origin(ctx context.Context, name string) (resolver.Origin, error) {
	flags := r.source
	flags.catalog = name
	if !strings.HasPrefix(name, "oci://") {
		// These are about charts in registries, and only one side may be one.
		flags.constraint, flags.prereleases, flags.requireSigned = "", "", false
	} else if hasVersion(name) {
		flags.constraint, flags.prereleases = "", ""
	}
	if !strings.Contains(name, "://") && !isChart(name) {
		flags.catalog = filePrefix + name
	}
	configs, err := registries(ctx, flags.registries)
	if err != nil {
		return nil, err
	}
	hosts, err := flags.hosts(configs)
	if err != nil {
		return nil, err
	}
	origin, err := flags.origin(hosts, nil)
	if f, ok := errors.AsType[*fault.Error](err); ok && f.Side == "--catalog" {
		f.Side = "" // there is no such flag here
	}
	return origin, err
}

// hasVersion tells a reference that says itself which version is meant.
func hasVersion(name string) bool {
	ref, err := artifact.ParseReference(name)
	return err == nil && (ref.Version != "" || ref.Digest != "")
}

// gzipMagic begins a packaged chart.
var gzipMagic = []byte("\x1f\x8b")

func (r *sideReader) readStandardInput() (*resolver.Offer, error) {
	const op = "read catalog"
	data, err := io.ReadAll(io.LimitReader(r.stdin, max(legacy.MaxBytes, archive.MaxCompressed)+1))
	if err != nil {
		return nil, fault.Wrap(fault.Unreachable, op, standardInputName, err)
	}
	read := legacy.Read
	if bytes.HasPrefix(data, gzipMagic) {
		read = chart.FromArchive
	}
	source, err := read(data, standardInputName)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, op, "", err)
	}
	return &resolver.Offer{Source: source}, nil
}
