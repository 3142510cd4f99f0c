package lint

import (
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/reference"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/strictyaml"
)

// pair is two images, in the order of the file.
type pair struct{ first, second string }

// resolutionTie looks for two images that one spelling means by the same rule
// of name resolution: own reference beside own reference, variant beside variant,
// former reference beside former reference, with the same path and tag. The host
// does not tell them apart, because people leave it out.
func (l *linter) resolutionTie() {
	for _, tie := range l.ties() {
		l.say(tie.second.path, "%s is what %s has too: nothing tells the two apart", tie.second.ref.WithDefaultTag(), tie.first.image)
	}
}

// sameRepository looks for two images in one repository that are no tie.
func (l *linter) sameRepository() {
	said := map[pair]bool{}
	for _, tie := range l.ties() {
		said[pair{tie.first.image, tie.second.image}] = true
	}
	owners := map[string][]offer{}
	for _, o := range l.offered {
		repository := o.ref.Host + "/" + o.ref.Path
		for _, first := range owners[repository] {
			if p := (pair{first.image, o.image}); first.image != o.image && !said[p] {
				said[p] = true
				l.say(o.path, "%s is a repository of %s too", repository, first.image)
			}
		}
		owners[repository] = append(owners[repository], o)
	}
}

// tied is two offers that one spelling means.
type tied struct{ first, second offer }

// The rules of name resolution that go by repositories.
type resolvedBy int

const (
	byReference resolvedBy = iota
	byVariant
	byFormer
)

// ties gives each two images that tie, once.
func (l *linter) ties() []tied {
	type spelling struct {
		by        resolvedBy
		path, tag string
	}
	var out []tied
	said := map[pair]bool{}
	owners := map[spelling]offer{}
	add := func(o offer, by resolvedBy) {
		key := spelling{by, o.ref.Path, o.ref.WithDefaultTag().Tag}
		first, taken := owners[key]
		if !taken {
			owners[key] = o
		} else if p := (pair{first.image, o.image}); first.image != o.image && !said[p] {
			said[p] = true
			out = append(out, tied{first, o})
		}
	}
	for _, o := range l.offered {
		if o.own {
			add(o, byReference)
		}
		if o.variant != "" {
			add(o, byVariant)
		}
	}
	for _, o := range l.former() {
		add(o, byFormer)
	}
	return out
}

// former gives the references that images had once.
func (l *linter) former() []offer {
	var out []offer
	for _, n := range l.images {
		for i, text := range n.entry.Formerly {
			if ref, err := reference.Parse(text); err == nil {
				out = append(out, offer{image: n.name, path: n.at("formerly").With(strictyaml.Index(i)), ref: ref})
			}
		}
	}
	return out
}
