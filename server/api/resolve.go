package api

// ResolveAnswer is the body of GET /v1/tool/{toolname}/images/resolve for one
// name.
type ResolveAnswer struct {
	Image Image `json:"image"`
	Match Match `json:"match"`
	// Explain comes only if the request asks for it.
	Explain  *Explanation `json:"explain,omitempty"`
	Messages Messages     `json:"messages"`
}

// ResolutionsAnswer is its body for several names.
type ResolutionsAnswer struct {
	// Results are in the order of the names.
	Results  List[Resolution] `json:"results"`
	Messages Messages         `json:"messages"`
}

// Resolution is the answer for one of several names.
type Resolution struct {
	// Name is as it was asked for, cut after 1024 bytes.
	Name string `json:"name"`
	// Status is what the answer for this name alone would have: 200, 404 or 410.
	Status int `json:"status"`
	// Image is the image, or the name taken apart where none is found.
	Image Image `json:"image"`
	// Match comes with status 200.
	Match *Match `json:"match,omitempty"`
	// Code and Error come with other statuses, as in [Error].
	Code  string   `json:"code,omitempty"`
	Error []string `json:"error,omitempty"`
	// Suggestions are short names that may have been meant, best first; nil with
	// status 200.
	Suggestions List[string] `json:"suggestions,omitzero"`
	// Tombstone comes with status 410.
	Tombstone *Tombstone `json:"tombstone,omitempty"`
	// Explain comes only if the request asks for it.
	Explain *Explanation `json:"explain,omitempty"`
}

// Match is what jobs-api would have made of a spelling.
type Match struct {
	// ShortName is the image's, with @digest if a digest was written.
	ShortName string `json:"short_name"`
	// Digest is the one that was written; empty if none was.
	Digest string `json:"digest,omitempty"`
	// Image is what a pod's spec should say for the spelling: host/path:tag, with
	// @digest if a digest was written.
	Image string `json:"image"`
	// Rule is one of the rules below.
	Rule string `json:"rule"`
}

// Rules by which a spelling means an image. More may come.
const (
	// RuleShortName and RuleAlias: it is a name of the image.
	RuleShortName = "short_name"
	RuleAlias     = "alias"
	// RuleReference, RuleVariant, RuleFormerly: it is the image's own reference,
	// one of a variant, or one that it had once.
	RuleReference = "reference"
	RuleVariant   = "variant"
	RuleFormerly  = "formerly"
	// RuleLatest and RuleNewest: no tag was written, and the image is tagged
	// latest, or nothing is and it was pushed last.
	RuleLatest = "latest"
	RuleNewest = "newest"
	// RuleDigest: no tag was written, and the image has the digest.
	RuleDigest = "digest"
	// RuleTag: no repository was written, and the image has the tag.
	RuleTag = "tag"
	// RuleUnasked: nobody could be asked yet; it is taken as it stands.
	RuleUnasked = "unasked"
)

// Explanation tells how the answer for a spelling came about.
type Explanation struct {
	// Says is why it is the answer, in a sentence.
	Says string `json:"says"`
	// Rule is that of the match; empty where nothing is found.
	Rule string `json:"rule,omitempty"`
	// Parts are what the spelling was cut into.
	Parts Parts `json:"parts"`
	// Source is what decided: "chart" for the catalog, else a registry's host.
	Source string `json:"source"`
	// CatalogVersion and CatalogDigest are those of the catalog chart; with the
	// source "chart", where they are known.
	CatalogVersion string `json:"catalog_version,omitempty"`
	CatalogDigest  string `json:"catalog_digest,omitempty"`
	// Near are images that nearly matched, the nearest first.
	Near List[NearMiss] `json:"near"`
}

// Parts are what a spelling was cut into. What was not written is empty.
type Parts struct {
	Host    string `json:"host,omitempty"`
	Project string `json:"project,omitempty"`
	Name    string `json:"name,omitempty"`
	Tag     string `json:"tag,omitempty"`
	Digest  string `json:"digest,omitempty"`
}

// NearMiss is an image that nearly matched a spelling.
type NearMiss struct {
	ShortName string `json:"short_name"`
	// Image is host/path:tag of what nearly matched.
	Image string `json:"image"`
	// Reason is why it is not the answer: "host", "tag", "digest" or "tool" is
	// another one, "tie" and "rule" go behind the answer, "spelling" is similar.
	Reason string `json:"reason"`
	// Says is the reason as a sentence.
	Says string `json:"says"`
}
