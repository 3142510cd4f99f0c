package api

import "time"

// Kinds of place that a catalog comes from. More may come.
const (
	OriginOCI       = "oci"
	OriginDirectory = "directory"
	OriginArchive   = "archive"
	OriginBundled   = "bundled"
	OriginFile      = "file"
	OriginConfigMap = "configmap"
)

// Catalog is the catalog that is served and the state of everything it was
// joined with.
type Catalog struct {
	// FormatVersion is the catalog's own, major.minor.
	FormatVersion string `json:"format_version"`
	// Chart is the name of the chart that carries the catalog.
	Chart string `json:"chart"`
	// Version is the chart's SemVer version; empty while unknown, as it may be
	// where a legacy document alone is read.
	Version    string `json:"version,omitempty"`
	AppVersion string `json:"app_version,omitempty"`
	// Digest is that of the manifest; empty if it is not from a registry.
	Digest string `json:"digest,omitempty"`
	// Reference is oci://host/path:version@digest or configmap://namespace/name,
	// or the word of Source.
	Reference string `json:"reference"`
	// Source is one of the Origin words.
	Source string `json:"source"`
	// Requested is what the operator asked for.
	Requested Requested `json:"requested"`
	// Verified tells whether the provenance was checked and is good.
	Verified bool `json:"verified"`
	// VerifiedBy is the identity of the key; only if Verified.
	VerifiedBy string `json:"verified_by,omitempty"`
	// LoadedAt is when this process took it into use, in UTC.
	LoadedAt time.Time `json:"loaded_at"`
	// PublishedAt is when it was published, in UTC; zero while unknown.
	PublishedAt time.Time `json:"published_at,omitzero"`
	// ImageCount is the number of images, removed ones left out.
	ImageCount int `json:"image_count"`
	// Warnings are what is odd and was accepted all the same.
	Warnings List[string] `json:"warnings"`
	// Refused is a newer catalog that was met and not taken; nil when the last
	// one met was taken.
	Refused *Refused `json:"refused,omitempty"`
	// Sources are sorted by name.
	Sources  List[Source] `json:"sources"`
	Snapshot Snapshot     `json:"snapshot"`
}

// Requested is what the operator asked for, at most one of the three; none for
// a catalog that is not from a registry.
type Requested struct {
	Version    string `json:"version,omitempty"`
	Digest     string `json:"digest,omitempty"`
	Constraint string `json:"constraint,omitempty"`
}

// Refused is a catalog that was met and not taken, so that the one before
// stays.
type Refused struct {
	// Version is empty if it could not be read.
	Version string `json:"version,omitempty"`
	// Digest is empty if it did not come from a registry.
	Digest string `json:"digest,omitempty"`
	// Code is a kind of failure, as of package resolver/fault.
	Code string `json:"code"`
	// Reason is a sentence.
	Reason string `json:"reason"`
	// At is when it was last refused, in UTC.
	At time.Time `json:"at"`
	// Findings are all that is wrong with its content, if that is the reason.
	Findings List[Finding] `json:"findings,omitempty"`
}

// Finding is one thing that is wrong with a catalog.
type Finding struct {
	Rule string `json:"rule"`
	// Path is the place in values.yaml, keys joined by dots.
	Path    string `json:"path"`
	Message string `json:"message"`
	// Line counts from 1; 0 while unknown.
	Line int `json:"line,omitempty"`
}

// Kinds of a [Source]. More may come.
const (
	SourceChart  = "chart"
	SourceOCI    = "oci"
	SourceHarbor = "harbor"
	SourceUsers  = "users"
	// SourceListing is a registry that is asked which repositories it has.
	SourceListing = "listing"
)

// Statuses of a [Source]. More may come.
const (
	// SourceOK means that the last attempt succeeded.
	SourceOK = "ok"
	// SourceFailing means that it did not.
	SourceFailing = "failing"
	// SourceUnknown means that there was no attempt yet.
	SourceUnknown = "unknown"
)

// Source tells how one source of metadata or live facts fares.
type Source struct {
	// Name is the registry's host as the catalog has it, or the chart's
	// repository.
	Name   string `json:"name"`
	Kind   string `json:"kind"`
	Status string `json:"status"`
	// AgeSeconds is the time since its last good answer; nil if there was none.
	AgeSeconds *float64 `json:"age_seconds,omitempty"`
	// LastSuccessAt and LastAttemptAt are in UTC; zero if never.
	LastSuccessAt time.Time `json:"last_success_at,omitzero"`
	LastAttemptAt time.Time `json:"last_attempt_at,omitzero"`
	// Error is why the last attempt failed; nil if it succeeded.
	Error *SourceError `json:"error,omitempty"`
	// ReferenceCount is how many references of the catalog it is asked about, how
	// many user-built images anyone may see of it, or how many repositories it
	// listed; nil for the catalog's own source.
	ReferenceCount *int `json:"reference_count,omitempty"`
	// Users says more of the source of user-built images; nil for others.
	Users *UsersStatus `json:"users,omitempty"`
	// Stale is true while its last good answer is served because it does not
	// answer now.
	Stale bool `json:"stale,omitempty"`
}

// UsersStatus is what is to be said of the source of user-built images alone.
type UsersStatus struct {
	// Plan is how changes are found: "incremental", "rescan", or "unknown"
	// before the first sweep.
	Plan string `json:"plan"`
	// Version is Harbor's; empty where it is hidden.
	Version string `json:"version,omitempty"`
	// Identity is what we are to Harbor: "robot", "user" or "anonymous".
	Identity string `json:"identity"`
	// LastSweepAt is when everything was last listed, in UTC; zero if never.
	LastSweepAt time.Time `json:"last_sweep_at,omitzero"`
	// ToolCount, RepositoryCount and LeftOutCount count tools with repositories and
	// their repositories, and projects whose names are no tool's. Private projects
	// are in none of these numbers.
	ToolCount       int `json:"tool_count"`
	RepositoryCount int `json:"repository_count"`
	LeftOutCount    int `json:"left_out_count"`
	// DeniedCount counts projects that are listed and may not be read, FailingCount
	// those that could not be read while others could: what was known stands.
	DeniedCount  int `json:"denied_count"`
	FailingCount int `json:"failing_count"`
	// Advice says what would make asking cheaper or more complete; empty if
	// nothing would.
	Advice List[string] `json:"advice"`
}

// SourceError is why an attempt failed, without secrets.
type SourceError struct {
	// Kind is a kind of failure, as of package resolver/fault.
	Kind    string `json:"kind"`
	Message string `json:"message"`
}

// Snapshot is the immutable result of the join that all answers come from.
type Snapshot struct {
	// Generation counts the snapshots of this process, from 1; it grows when
	// something changes that anyone may see.
	Generation int64 `json:"generation"`
	// CreatedAt is when that was last, in UTC.
	CreatedAt time.Time `json:"created_at"`
	// Day is the UTC day (2006-01-02) that states were worked out for.
	Day string `json:"day"`
}
