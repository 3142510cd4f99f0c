package api

// Reasons of a [Drift]. More may come.
const (
	DriftRepositoryMissing = "repository_missing"
	DriftTagMissing        = "tag_missing"
	DriftDigestMissing     = "digest_missing"
	DriftTagGone           = "tag_gone"
	DriftTagMoved          = "tag_moved"
	DriftNotInCatalog      = "not_in_catalog"
	DriftFormer            = "former"
	DriftRetired           = "retired"
)

// Statuses of a [DriftPrefix]. More may come.
const (
	PrefixOK      = "ok"
	PrefixStale   = "stale"
	PrefixUnknown = "unknown"
)

// DriftAnswer is the body of GET /v1/drift.
type DriftAnswer struct {
	// Drift is sorted by host, path and tag.
	Drift List[Drift] `json:"drift"`
	// Prefixes are where all repositories should be the catalog's.
	Prefixes List[DriftPrefix] `json:"prefixes"`
	Messages Messages          `json:"messages"`
}

// Drift is one thing about which the catalog and a registry disagree.
type Drift struct {
	// Reason is one of the Drift words.
	Reason string `json:"reason"`
	// Message says the same in a sentence.
	Message string `json:"message"`
	// Image is the short name that it is about; empty where the catalog names
	// nothing there.
	Image string `json:"image,omitempty"`
	// Variants are those of the image's variants that it is about, by name.
	Variants List[string] `json:"variants,omitempty"`
	// Reference is what the catalog says, or the repository that a registry has.
	Reference string `json:"reference"`
	Host      string `json:"host"`
	Path      string `json:"path"`
	Tag       string `json:"tag,omitempty"`
	// Digest is the one that the catalog pins.
	Digest string `json:"digest,omitempty"`
	// FoundDigest is what the tag names now, where that is another one.
	FoundDigest string `json:"found_digest,omitempty"`
	// Stale is true where the registry does not answer now.
	Stale bool `json:"stale,omitempty"`
}

// DriftPrefix is a beginning of repository names that belongs to the catalog.
type DriftPrefix struct {
	Host   string `json:"host"`
	Prefix string `json:"prefix"`
	// Status is one of the Prefix words.
	Status string `json:"status"`
	// RepositoryCount is how many repositories are there; nil while unknown.
	RepositoryCount *int `json:"repository_count,omitempty"`
}
