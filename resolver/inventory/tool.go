package inventory

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"
	"unique"
)

// Tool is what the users of one tool built. It is immutable: a change makes a
// new one, so a pointer tells whether anything changed.
type Tool struct {
	Name    string // the tool's name, for example a--b
	Project string // its Harbor project, for example tool-a-char.sep-b
	// Private tells that only the tool itself may see what is in it.
	Private bool
	// Stale tells that Harbor could not answer about this tool when it was asked
	// last, while it answered about others: this is what it held before.
	Stale    bool
	unproved bool // it came after the last proof of which projects are private
	recalled bool // it is what an earlier process read
	// Repositories are sorted by name. Those without a tagged image are among them.
	Repositories []*Repository

	marks *marks // what markers say; nil for most tools
	id    int64  // Harbor's, of the project; 0 until a listing said it. The rounds' bookkeeping.
}

// newTool makes the tool of a project, empty. Its texts are its own: those of a
// listing are parts of longer ones.
func newTool(project string) *Tool {
	t := &Tool{Project: strings.Clone(project)}
	if name, isTool := ToolOf(t.Project); isTool {
		t.Name = name // mostly a part of the project's
	}
	return t
}

// Repository is one repository of a tool, with its tagged images.
type Repository struct {
	Name string // below the project; may hold slashes
	// Images are sorted by tag.
	Images []Image
	// These are Harbor's words for what was last read; if they are the same again,
	// nothing changed. They are the bookkeeping of rounds, which alone write them,
	// under the lock, and no part of what readers see.
	id        int64
	updated   int64 // nanoseconds since 1970
	artifacts int64
}

// Image is one tag. It is small: there may be hundreds of thousands.
type Image struct {
	Tag    string
	Digest Digest
	// Pushed is when the artifact was pushed, in milliseconds since 1970; 0 if
	// Harbor does not say. What a build says of its own age is not to be had:
	// buildpacks write 1980.
	Pushed int64
	// Size is compressed, in bytes; 0 if unknown.
	Size int64
	// Details are what many images have in common.
	Details unique.Handle[Details]
	// Scan counts vulnerabilities; nil where nobody scanned.
	Scan *Scan
}

// Details are facts that many images share.
type Details struct {
	// Platforms are os/architecture[/variant], joined by commas.
	Platforms string
	// Stack and RunImage are what a buildpack image says that it stands on.
	Stack, RunImage string
	// Signed tells that a signature is attached.
	Signed bool
}

// Scan counts a scanner's findings by severity.
type Scan struct {
	Critical, High, Medium, Low, Negligible, Unknown int
	Fixable                                          int
	At                                               int64 // milliseconds since 1970
}

// Digest is a sha256 digest.
type Digest [sha256.Size]byte

// ParseDigest reads "sha256:<64 hex digits>".
func ParseDigest(text string) (Digest, bool) {
	var d Digest
	digits, ok := strings.CutPrefix(text, "sha256:")
	if !ok || len(digits) != 2*len(d) {
		return Digest{}, false
	}
	_, err := hex.Decode(d[:], []byte(digits))
	return d, err == nil
}

// String writes "sha256:…".
func (d Digest) String() string { return "sha256:" + hex.EncodeToString(d[:]) }

// PushedAt is Pushed as a time; zero if unknown.
func (i Image) PushedAt() time.Time {
	if i.Pushed == 0 {
		return time.Time{}
	}
	return time.UnixMilli(i.Pushed).UTC()
}

// sameImages tells whether two repositories offer the same, pulls and
// bookkeeping aside.
func (r *Repository) sameImages(other *Repository) bool {
	if len(r.Images) != len(other.Images) {
		return false
	}
	for i := range r.Images {
		a, b := r.Images[i], other.Images[i]
		scanA, scanB := a.Scan, b.Scan
		a.Scan, b.Scan = nil, nil
		if a != b || (scanA == nil) != (scanB == nil) || (scanA != nil && *scanA != *scanB) {
			return false
		}
	}
	return true
}

// Proved tells whether it is known that Private is right: until then it is a
// guess, and true.
func (t *Tool) Proved() bool { return !t.unproved }

// Image gives a repository and one of its images by tag; both nil if there is
// no such image.
func (t *Tool) Image(repository, tag string) (*Repository, *Image) {
	r := t.repository(repository)
	if r == nil {
		return nil, nil
	}
	image := r.Image(tag)
	if image == nil {
		return nil, nil
	}
	return r, image
}

// Image gives an image by tag, or nil.
func (r *Repository) Image(tag string) *Image {
	at, found := slices.BinarySearchFunc(r.Images, tag, func(i Image, tag string) int { return strings.Compare(i.Tag, tag) })
	if !found {
		return nil
	}
	return &r.Images[at]
}

// Repository gives a repository by name, or nil.
func (t *Tool) Repository(name string) *Repository { return t.repository(name) }

// Images counts the tool's images.
func (t *Tool) Images() int {
	n := 0
	for _, r := range t.Repositories {
		n += len(r.Images)
	}
	return n
}

// TagsOf gives the tags on one digest, sorted.
func (r *Repository) TagsOf(d Digest) []string {
	var tags []string
	for _, i := range r.Images {
		if i.Digest == d {
			tags = append(tags, i.Tag)
		}
	}
	return tags
}

// repository gives a repository by name, or nil.
func (t *Tool) repository(name string) *Repository {
	at, found := slices.BinarySearchFunc(t.Repositories, name, func(r *Repository, name string) int {
		return strings.Compare(r.Name, name)
	})
	if !found {
		return nil
	}
	return t.Repositories[at]
}
