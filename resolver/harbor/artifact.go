package harbor

import "time"

// Artifact is one artifact with its tags. Shapes as in recordings of Harbor
// 2.15.2, where nothing else is said.
type Artifact struct {
	// Repository is the full name, project included.
	Repository string
	// Digest is of the manifest or index.
	Digest string
	// Type is "IMAGE" (an index of images too), "CHART", "WASM", a word taken
	// from another config media type, or "UNKNOWN".
	Type string
	// MediaType is the config's, or the index's own.
	MediaType string
	// Size is of manifest, config and layers, compressed, in bytes; of an index
	// with its children.
	Size int64
	// PushTime is when the digest first came into the repository. Buildpacks
	// write a creation time of 1980; this is the one to show.
	PushTime time.Time
	// Tags are complete, in Harbor's order; nil for an untagged artifact. Tags
	// that the OCI distribution spec does not allow are left out.
	Tags []Tag
	// Platforms are os/architecture[/variant], sorted: one for an image, those of
	// the children for an index, none where the image does not say.
	Platforms []string
	// Labels are the names of the labels that people put on it in Harbor; nil
	// without [Options.WithLabels].
	Labels []string
	// Buildpack is what a buildpack image says that it stands on.
	Buildpack Buildpack
	// Signed tells that a cosign or notation signature is attached. It means
	// nothing without [Options.WithSignatures].
	Signed bool
	// Vulnerabilities is the last scan; nil if there is none, or without
	// [Options.WithVulnerabilities].
	Vulnerabilities *Vulnerabilities
}

// Tag is one tag of an artifact.
type Tag struct {
	Name string
	// PushTime is when the tag was put on this artifact.
	PushTime time.Time
}

// key tells artifacts apart.
func (a *Artifact) key() artifactKey { return artifactKey{a.Repository, a.Digest} }

type artifactKey struct{ repository, digest string }
