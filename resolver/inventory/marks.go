package inventory

import (
	"slices"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbor"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/marker"
)

// marks are what markers say of a tool's repositories. They are immutable; nil
// for a tool without any.
type marks struct {
	repositories []marked // by name
	// aliases lead to repositories with images, and are the name of no such
	// repository themselves. By name.
	aliases []marker.Claim
}

// marked is what the markers of one repository say.
type marked struct {
	repository string
	said       *marker.Marks
}

// Marks gives what the markers of a repository say; nil if there are none.
func (t *Tool) Marks(repository string) *marker.Marks { return t.marks.in(repository) }

func (m *marks) in(repository string) *marker.Marks {
	if m == nil {
		return nil
	}
	at, found := slices.BinarySearchFunc(m.repositories, repository, func(k marked, name string) int {
		return strings.Compare(k.repository, name)
	})
	if !found {
		return nil
	}
	return m.repositories[at].said
}

// Aliased gives the repository that an alias leads to, or nil. Aliases are as
// repositories' names, below the project.
func (t *Tool) Aliased(alias string) *Repository {
	if t.marks == nil {
		return nil
	}
	at, found := slices.BinarySearchFunc(t.marks.aliases, alias, func(c marker.Claim, name string) int {
		return strings.Compare(c.Name, name)
	})
	if !found {
		return nil
	}
	return t.repository(t.marks.aliases[at].By)
}

// Aliases gives the names that lead to other repositories of the tool, sorted;
// below the project, as repositories' names.
func (t *Tool) Aliases() []string {
	if t.marks == nil {
		return nil
	}
	names := make([]string, len(t.marks.aliases))
	for i, c := range t.marks.aliases {
		names[i] = c.Name
	}
	return names
}

// AliasesFor gives the aliases of an image, project included, sorted: those that
// lead to its repository, if it is the one that the repository's name means.
func (t *Tool) AliasesFor(r *Repository, image *Image) []string {
	if t.marks == nil {
		return nil
	}
	var out []string
	for _, c := range t.marks.aliases {
		if c.By == r.Name {
			out = append(out, t.Project+"/"+c.Name)
		}
	}
	if len(out) > 0 && r.Untagged() != image {
		return nil
	}
	return out
}

// remark gives what markers say after a reading; repositories are those that
// there are then. It is t.marks itself if nothing changed.
func (t *Tool) remark(r *reading, repositories []*Repository) *marks {
	if !r.markers {
		return t.marks
	}
	asked := make(map[string]bool, len(r.rows))
	for _, row := range r.rows {
		_, name := harbor.SplitName(row.Name)
		asked[name] = true
	}
	next := &marks{}
	for _, repository := range repositories {
		said := t.Marks(repository.Name)
		if r.whole || asked[repository.Name] {
			said = r.of(repository.Name).marks
		}
		if said != nil {
			next.repositories = append(next.repositories, marked{repository.Name, said})
		}
	}
	return next.settle(repositories).instead(t.marks)
}

// of gives the marks when there are these repositories left.
func (m *marks) of(repositories []*Repository) *marks {
	if m == nil {
		return nil
	}
	next := &marks{}
	for _, repository := range repositories {
		if said := m.in(repository.Name); said != nil {
			next.repositories = append(next.repositories, marked{repository.Name, said})
		}
	}
	return next.settle(repositories).instead(m)
}

// settle works out which alias leads where. An alias is never put over something
// that exists, and leads to nothing where there is no image.
func (m *marks) settle(repositories []*Repository) *marks {
	if len(m.repositories) == 0 {
		return nil
	}
	holds := make(map[string]bool, len(repositories))
	for _, r := range repositories {
		holds[r.Name] = len(r.Images) > 0
	}
	var claims []marker.Claim
	for _, k := range m.repositories {
		for _, alias := range k.said.Aliases {
			if holds[k.repository] && !holds[alias.Name] {
				claims = append(claims, marker.Claim{Alias: alias, By: k.repository})
			}
		}
	}
	m.aliases = slices.Clip(marker.Settle(claims))
	return m
}

// instead gives the marks before if they say the same.
func (m *marks) instead(before *marks) *marks {
	if m == nil || before == nil {
		return m
	}
	if slices.Equal(m.aliases, before.aliases) && slices.EqualFunc(m.repositories, before.repositories, func(a, b marked) bool {
		return a.repository == b.repository && a.said.Equal(b.said)
	}) {
		return before
	}
	return m
}

// marksOf gives what the tags on artifacts of whatever type say.
func marksOf(artifacts []harbor.Artifact) *marker.Marks {
	var reader marker.Reader
	for _, a := range artifacts {
		for _, tag := range a.Tags {
			pushed := int64(0)
			if !tag.PushTime.IsZero() {
				pushed = tag.PushTime.UnixMilli()
			}
			reader.Read(tag.Name, pushed)
		}
	}
	return reader.Marks()
}

func isMarker(tag string) bool {
	_, is := marker.Parse(tag)
	return is
}

// Untagged gives the image that a repository's name means when no tag is named:
// latest, else the newest push, of several at one moment the one whose tag sorts
// first. It is nil for a repository without images.
func (r *Repository) Untagged() *Image {
	var newest *Image
	for n := range r.Images {
		image := &r.Images[n]
		switch {
		case image.Tag == "latest":
			return image
		case newest == nil || image.Pushed > newest.Pushed:
			newest = image
		}
	}
	return newest
}
