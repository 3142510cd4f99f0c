package api

import "time"

// Types of an image. More may come.
const (
	// TypeStandard is a pre-built image from the catalog.
	TypeStandard = "standard"
	// TypeBuildservice is an image built by the users of a tool.
	TypeBuildservice = "buildservice"
)

// States of an image or a stack. More may come.
const (
	StateStable     = "stable"
	StateBeta       = "beta"
	StateDeprecated = "deprecated"
	// StateUnknown is the state of a name that is not in the catalog. It occurs
	// only in the parsed record of an [Error].
	StateUnknown = "unknown"
)

// Image is an image record: what the catalog says about one image, and what its
// registry says about its reference now. It is the same wherever it occurs.
//
// The fields without omission are in every record, except in an answer to a
// request that names `fields`; that answer has what was named and ShortName.
type Image struct {
	// ShortName is unique among all images; a user's image has project/name:tag.
	ShortName string `json:"short_name"`
	// Type is [TypeStandard] or [TypeBuildservice].
	Type string `json:"type"`
	// Tool owns the image; only with [TypeBuildservice].
	Tool string `json:"tool,omitempty"`
	// State is the state on the snapshot's UTC day.
	State string `json:"state"`
	// Aliases are the other names: the catalog's in its order, then those of
	// markers. A user's image has the name with its digest, then its owner's.
	Aliases List[string] `json:"aliases"`
	// Host is the registry's host, with its port if it has one.
	Host string `json:"host"`
	// Path is the repository on Host.
	Path string `json:"path"`
	// Tag is "latest" where the catalog names none.
	Tag string `json:"tag"`
	// Image is what a pod's spec should say: host/path:tag.
	Image string `json:"image"`
	// Digest is that of the manifest which Tag names now; empty while unknown.
	Digest string `json:"digest,omitempty"`
	// Pinned is host/path:tag@digest; empty while the digest is unknown.
	Pinned string `json:"pinned,omitempty"`
	// Exists tells whether the registry has the reference now; nil while nobody
	// could be asked.
	Exists *bool `json:"exists,omitempty"`
	// Variants are the flavours for single consumers, by name.
	Variants Map[Variant] `json:"variants"`
	// WebserviceDefaults is what a web service of this image starts with; nil
	// when the catalog has none.
	WebserviceDefaults Map[any] `json:"webservice_defaults,omitzero"`

	// SizeBytes is the compressed size; 0 while unknown.
	SizeBytes int64 `json:"size_bytes,omitempty"`
	// PushedAt is when it was pushed, in UTC; zero while unknown.
	PushedAt time.Time `json:"pushed_at,omitzero"`
	// Platforms are os/architecture[/variant]; nil while unknown.
	Platforms List[string] `json:"platforms,omitzero"`
	// Stack is what a user's image stands on; nil while unknown.
	Stack *Stack `json:"stack,omitempty"`
	// Vulnerabilities counts what a scanner found; nil while not scanned.
	Vulnerabilities *Vulnerabilities `json:"vulnerabilities,omitempty"`
	// Signed tells whether the registry holds a signature of Digest; nil while
	// unknown.
	Signed *bool `json:"signed,omitempty"`

	// Description is a sentence from the catalog.
	Description string `json:"description,omitempty"`
	// Links lead to further reading.
	Links List[Link] `json:"links,omitempty"`
	// ReplacedBy is the short name to use instead, followed to its end.
	ReplacedBy string `json:"replaced_by,omitempty"`
	// Lifecycle has the catalog's dates; nil when it gives none.
	Lifecycle *Lifecycle `json:"lifecycle,omitempty"`
	// Notice is the sentence that a command line should print before use.
	Notice string `json:"notice,omitempty"`
	// Sources says who said what: "metadata" or "live" to "chart" or a host; what
	// markers said ("aliases", "resources", "state", "wstype") to "markers", or to
	// "chart, markers" where the catalog said some of it.
	Sources Map[string] `json:"sources,omitempty"`
	// Stale is true while the live facts are from a source's last good answer
	// because it does not answer now.
	Stale bool `json:"stale,omitempty"`
	// Tags are sorted tag names, only when `fields` asks for them: those of the
	// repository, or for a user's image those on the same digest.
	Tags List[string] `json:"tags,omitzero"`
}

// Variant is a flavour of a standard image for one consumer, with a reference
// of its own. Its fields mean what those of [Image] mean.
type Variant struct {
	Image  string `json:"image"`
	Host   string `json:"host"`
	Path   string `json:"path"`
	Tag    string `json:"tag"`
	Digest string `json:"digest,omitempty"`
	Pinned string `json:"pinned,omitempty"`
	Exists *bool  `json:"exists,omitempty"`
	// Extra is whatever the consumer needs; nil when the catalog has none.
	Extra Map[any] `json:"extra,omitzero"`
}

// Link is a page about an image.
type Link struct {
	Title string `json:"title,omitempty"`
	// URL is absolute.
	URL string `json:"url"`
}

// Lifecycle holds the UTC days (2006-01-02) from which on an image is
// deprecated, gets no more security updates, and is no longer offered. A day
// that is not planned is empty.
type Lifecycle struct {
	Deprecated  string `json:"deprecated,omitempty"`
	Unsupported string `json:"unsupported,omitempty"`
	Removed     string `json:"removed,omitempty"`
}

// Stack is the buildpack stack or run image that a user's image stands on.
type Stack struct {
	Name string `json:"name"`
	// State is empty if the catalog does not know the stack. It never changes
	// the state of the image.
	State      string `json:"state,omitempty"`
	ReplacedBy string `json:"replaced_by,omitempty"`
}

// Vulnerabilities counts a scanner's findings by severity.
type Vulnerabilities struct {
	Critical   int `json:"critical"`
	High       int `json:"high"`
	Medium     int `json:"medium"`
	Low        int `json:"low"`
	Negligible int `json:"negligible"`
	// Unknown counts findings whose severity the scanner does not know.
	Unknown int `json:"unknown"`
	// Fixable counts findings with a fixed version; nil while unknown.
	Fixable *int `json:"fixable,omitempty"`
	// ScannedAt is when the scan ended, in UTC; zero while unknown.
	ScannedAt time.Time `json:"scanned_at,omitzero"`
}
