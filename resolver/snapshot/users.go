package snapshot

import (
	"slices"
	"strings"
	"time"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/reference"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
)

// Users is what tools' users built: an inventory's view, and how far it is to be
// believed. The zero value is a platform without such images. It is comparable.
//
// There may be hundreds of thousands of images in a view, so a snapshot holds
// them as the inventory does, and makes a record ([Snapshot.Built]) when one is
// looked at.
type Users struct {
	// Host is the registry as pods name it.
	Host string
	View *inventory.View
	// Stale is true while the source does not answer; the view is its last good
	// answer then.
	Stale bool
	// Known is false until the source answered for the first time.
	Known bool
	// Hearsay is true while the view is what another replica published: of what
	// is not in it nobody can say whether it is there.
	Hearsay bool
}

// Built is what is known of an image that a tool's users built, besides what
// every image has.
type Built struct {
	Tool string
	// Private tells that only the tool itself may see it.
	Private   bool
	PushedAt  time.Time // zero while unknown
	SizeBytes int64     // compressed; 0 while unknown
	Platforms []string  // os/architecture[/variant]
	Stack     *Stack    // nil while unknown
	Signed    bool
	Scan      *inventory.Scan // nil where nobody scanned

	repository *inventory.Repository // that it is in
	digest     inventory.Digest
}

// TagNames gives the tags of the offer's repository, or of an image that a tool
// built those on the same digest, sorted; nil while unknown. They are looked for
// when somebody asks: for each of a repository's images it means to look at all
// of them.
func (i *Image) TagNames() []string {
	if i.Built == nil || i.Built.repository == nil {
		return i.Tags
	}
	return i.Built.repository.TagsOf(i.Built.digest)
}

// Built gives the records of one tool, sorted by short name: by repository,
// then by tag.
func (s *Snapshot) Built(tool *inventory.Tool) []*Image {
	var out []*Image
	for _, r := range tool.Repositories {
		for i := range r.Images {
			out = append(out, s.BuiltImage(tool, r, &r.Images[i]))
		}
	}
	sortByName(out)
	return out
}

// FindBuilt gives the tool and the record of a user-built image by its short
// name (project/name:tag), by its alias with the digest, or by one that its
// owner gave it (project/alias); nil if there is none. Whether the reader may see
// it is for the caller to say.
func (s *Snapshot) FindBuilt(name string) *Image {
	project, rest, found := strings.Cut(name, "/")
	toolName, isTool := inventory.ToolOf(project)
	if !found || !isTool {
		return nil
	}
	tool := s.Users.View.Tool(toolName)
	if tool == nil {
		return nil
	}
	if r := tool.Aliased(rest); r != nil && !s.IsGuest(name) {
		return s.BuiltImage(tool, r, r.Untagged())
	}
	rest, digest, _ := strings.Cut(rest, "@")
	repository, tag, found := cutTag(rest)
	if !found {
		return nil
	}
	r, image := tool.Image(repository, tag)
	if image == nil || (digest != "" && image.Digest.String() != digest) {
		return nil
	}
	return s.BuiltImage(tool, r, image)
}

func cutTag(name string) (repository, tag string, found bool) {
	at := strings.LastIndexByte(name, ':')
	if at < 0 {
		return name, "", false
	}
	return name[:at], name[at+1:], true
}

// BuiltImage gives the record of one image of a tool. Whether the reader may see
// it is for the caller to say.
func (s *Snapshot) BuiltImage(tool *inventory.Tool, r *inventory.Repository, i *inventory.Image) *Image {
	digest := i.Digest.String()
	path := tool.Project + "/" + r.Name
	short := path + ":" + i.Tag
	details := i.Details.Value()
	out := &Image{
		ShortName: short, Type: Buildservice, State: chart.StateStable,
		Aliases: []string{short + "@" + digest},
		Offer: Offer{
			Reference: reference.Reference{Host: s.Users.Host, Path: path, Tag: i.Tag},
			Exists:    fact.Present, Digest: digest,
		},
		LiveSource: s.Users.Host, Stale: s.Users.Stale || tool.Stale,
		Built: &Built{
			Tool: tool.Name, Private: tool.Private, PushedAt: i.PushedAt(), SizeBytes: i.Size,
			Stack: s.stack(details), Signed: details.Signed, Scan: i.Scan,
			repository: r, digest: i.Digest,
		},
	}
	if details.Platforms != "" {
		out.Built.Platforms = strings.Split(details.Platforms, ",")
	}
	if marks := tool.Marks(r.Name); marks != nil {
		out.mark(marks, slices.DeleteFunc(tool.AliasesFor(r, i), s.IsGuest))
	}
	out.Notice = notice(out, s.Day)
	return out
}

// sortByName puts records in the order of lists. The inventory's own order, by
// repository and then by tag, differs where one repository's name begins with
// another's.
func sortByName(images []*Image) {
	slices.SortFunc(images, func(a, b *Image) int { return strings.Compare(a.ShortName, b.ShortName) })
}
