package resolver

import (
	"context"

	"github.com/Masterminds/semver/v3"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/artifact"
)

// Origin is where the catalog comes from.
type Origin interface {
	// Name is oci://host/path, configmap://namespace/name, a path or "bundled",
	// for messages and metrics.
	Name() string
	// Fetch gives the catalog that is there now, or nil if its identity is last
	// (the Identity of an earlier offer, "" at first). Errors are of package
	// fault: NotFound if the registry answered and has no such version,
	// Unreachable, Denied or RateLimited if it could not be asked, Tampered,
	// TooLarge or Invalid if what it holds is no chart.
	Fetch(ctx context.Context, last string) (*Offer, error)
}

// OriginKind tells what an origin is.
type OriginKind string

// The kinds of origin.
const (
	OriginOCI       OriginKind = "oci"
	OriginDirectory OriginKind = "directory"
	OriginArchive   OriginKind = "archive"
	OriginBundled   OriginKind = "bundled"
	// OriginFile is a legacy document, or manifests that hold one.
	OriginFile OriginKind = "file"
	// OriginConfigMap is a legacy document in a Kubernetes cluster.
	OriginConfigMap OriginKind = "configmap"
)

// Offer is a catalog chart as an origin has it, not yet understood.
type Offer struct {
	// Identity says what the content is: the manifest's digest, or a digest of
	// the files. Equal identities are equal catalogs.
	Identity string
	Kind     OriginKind
	// Source is the chart's text.
	Source *chart.Source
	// Version is the chart's version, as the origin knows it; may be empty.
	Version string
	// Digest is the manifest's digest; "" where there is no manifest.
	Digest string
	// Reference is oci://host/path:version@digest or configmap://namespace/name,
	// or "" where there is none.
	Reference string
	// Requested is what the operator asked for.
	Requested Requested
	// Signature says who vouches for the content.
	Signature Signature

	pulled *artifact.Chart // nil where it is of no registry
}

// Requested is what an operator asked for; at most one field is set.
type Requested struct {
	Version, Digest, Constraint string
}

// moves tells whether the origin, not the operator, chooses the version: under
// a constraint, or a tag that is no version.
func (r Requested) moves() bool {
	if r.Constraint != "" {
		return true
	}
	if r.Digest != "" || r.Version == "" {
		return false
	}
	_, err := semver.StrictNewVersion(r.Version)
	return err != nil
}
