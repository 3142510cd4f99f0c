package names

import (
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/reference"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
)

// Lookup resolves spellings for one reader in one snapshot.
type Lookup struct {
	// Index is of the snapshot's standard images.
	Index    *Index
	Snapshot *snapshot.Snapshot
	// Reader is the tool that asks: it sees its own images, private ones too, and
	// of other tools what is public. "" is anybody.
	Reader string
}

// Resolve finds the image that a spelling means. With a project it is one that
// the tool built, if the reader may see it: what is another tool's private
// matter is as if it were not there. Else it is a standard image.
//
// Where the source of user-built images never answered, at all or about the
// tool, a spelling that could be of one is taken as it stands, by [RuleUnasked]:
// nobody can say more.
func (l Lookup) Resolve(text string) Match {
	s := Parse(text)
	for _, reading := range readings(s) {
		if reading.Project == "" {
			continue
		}
		if m := l.built(reading); m.Image != nil {
			m.Spelling = s
			return m
		}
	}
	if m := l.Index.Resolve(text); m.Image != nil {
		return m
	}
	for _, reading := range readings(s) {
		if m := l.unasked(reading); m.Image != nil {
			m.Spelling = s
			return m
		}
	}
	return Match{Spelling: s}
}

// built finds an image that a tool's users built.
func (l Lookup) built(s Spelling) Match {
	tool := l.tool(s)
	found := InTool(tool, l.Snapshot.Users.Host, s)
	if found.Image == nil {
		return Match{}
	}
	if s.Name != "" && s.Name != found.Repository.Name && l.Snapshot.IsGuest(tool.Project+"/"+s.Name) {
		return Match{} // its owner's alias is put over nothing, what the catalog has there included
	}
	return Match{Image: l.Snapshot.BuiltImage(tool, found.Repository, found.Image), Rule: found.Rule, Also: found.Also}
}

// tool gives the tool whose project is written, if the reader may see it.
func (l Lookup) tool(s Spelling) *inventory.Tool {
	if s.Project == "" {
		return nil
	}
	return l.visible(s.Tool())
}

func (l Lookup) visible(name string) *inventory.Tool {
	tool := l.Snapshot.Users.View.Tool(name)
	if tool == nil || tool.Private && name != l.Reader {
		return nil
	}
	return tool
}

// isUnasked tells whether what a tool built is not known, as far as the reader
// may learn of the tool.
func (l Lookup) isUnasked(tool string) bool {
	users := l.Snapshot.Users
	if l.visible(tool) != nil {
		return false
	}
	unread, private := users.View.Unread(tool)
	return !users.Known || users.Hearsay || unread && (!private || tool == l.Reader)
}

// unasked takes a spelling as it stands, if it is the reference of an image that
// its registry may have and never said anything of.
func (l Lookup) unasked(s Spelling) Match {
	users, tool := l.Snapshot.Users, s.Tool()
	project, isTool := inventory.ProjectOf(tool)
	if users.Host == "" || !isTool || !l.isUnasked(tool) || s.Host != "" && s.Host != users.Host {
		return Match{}
	}
	s.Project = project
	r := reference.Reference{Host: users.Host, Path: s.Path(), Tag: s.Tag, Digest: s.Digest}
	if _, err := reference.Parse(r.String()); err != nil {
		return Match{} // no registry has what is none
	}
	r.Digest = ""
	image := &snapshot.Image{
		ShortName: s.ShortName(), Type: snapshot.Buildservice, State: chart.StateStable,
		Offer: snapshot.Offer{Reference: r, Digest: s.Digest},
		Stale: true, Built: &snapshot.Built{Tool: tool},
	}
	if s.Tag != "" && s.Digest != "" {
		image.Aliases = []string{s.ShortName()}
	}
	return Match{Image: image, Rule: RuleUnasked}
}
