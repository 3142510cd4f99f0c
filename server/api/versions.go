package api

import "time"

// VersionsAnswer is the body of GET /v1/catalog/versions.
type VersionsAnswer struct {
	// Versions are the newest first, by SemVer.
	Versions List[Version] `json:"versions"`
	Messages Messages      `json:"messages"`
}

// Version is one version of the catalog that was published.
type Version struct {
	// Version is SemVer; empty where the catalog that is served has none.
	Version string `json:"version,omitempty"`
	// Digest is the manifest's.
	Digest string `json:"digest,omitempty"`
	// PublishedAt is in UTC; zero while unknown.
	PublishedAt time.Time `json:"published_at,omitzero"`
	// Served tells that it is served now.
	Served bool `json:"served"`
	// Selected tells that the constraint which the operator follows picks it.
	Selected bool `json:"selected"`
}

// DiffAnswer is the body of GET /v1/catalog/diff.
type DiffAnswer struct {
	From VersionName `json:"from"`
	To   VersionName `json:"to"`
	// Changes are in a fixed order: images, tombstones and stacks, by name.
	Changes  List[Change] `json:"changes"`
	Messages Messages     `json:"messages"`
}

// VersionName names a version of the catalog.
type VersionName struct {
	Version string `json:"version,omitempty"`
	Digest  string `json:"digest,omitempty"`
}

// Change is one thing that another version says differently.
type Change struct {
	// Kind is a word such as image_removed. More may come.
	Kind string `json:"kind"`
	// Image, Alias and Stack are the names that are concerned.
	Image string `json:"image,omitempty"`
	Alias string `json:"alias,omitempty"`
	Stack string `json:"stack,omitempty"`
	// Path is the place in values.yaml.
	Path string `json:"path"`
	// Parts are those of a reference that differ: host, path, tag, digest.
	Parts List[string] `json:"parts,omitempty"`
	// Old and New are what the two versions say, as values.yaml has it; nil where
	// one says nothing.
	Old any `json:"old,omitempty"`
	New any `json:"new,omitempty"`
	// Breaking tells that something which worked may stop, or run another thing.
	Breaking bool `json:"breaking"`
	// Reason says why, in a sentence.
	Reason string `json:"reason"`
}
