package lint

// pair is two images, in the order of the file.
type pair struct{ first, second string }

// resolutionTie looks for two images that one spelling means by the same rule
// of name resolution: own reference beside own reference, variant beside variant,
// with the same path and tag. The host does not tell them apart, because people
// leave it out.
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

// ties gives each two images that tie, once.
func (l *linter) ties() []tied {
	type spelling struct {
		own       bool
		path, tag string
	}
	var out []tied
	said := map[pair]bool{}
	owners := map[spelling]offer{}
	for _, o := range l.offered {
		keys := []spelling{{false, o.ref.Path, o.ref.WithDefaultTag().Tag}}
		switch {
		case o.variant == "":
			keys[0].own = true
		case o.own:
			keys = append(keys, spelling{true, keys[0].path, keys[0].tag})
		}
		for _, key := range keys {
			first, taken := owners[key]
			if !taken {
				owners[key] = o
			} else if p := (pair{first.image, o.image}); first.image != o.image && !said[p] {
				said[p] = true
				out = append(out, tied{first, o})
			}
		}
	}
	return out
}
