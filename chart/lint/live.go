package lint

import (
	"fmt"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/reference"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/strictyaml"
)

// Facts is what registries said. What is not in it could not be asked, and is
// not judged: that is not the same as not there.
type Facts struct {
	// Manifests are answers by reference, with its default tag.
	Manifests map[reference.Reference]Manifest
	// Repositories are the tags of repositories by host/path, sorted; nil where
	// the registry does not know the repository.
	Repositories map[string][]string
	// Published are digests by reference with its tag and without a digest, as
	// the last published version of the catalog pins them.
	Published map[reference.Reference]string
	// Owned are the repositories, as host/path, that registries have where all
	// should be the catalog's; sorted, hosts in lower case.
	Owned []string
}

// Manifest is the answer about one reference.
type Manifest struct {
	// There tells whether what the reference names can be pulled.
	There bool
	// Digest is that of the manifest which the tag names now; "" if unknown.
	Digest string
}

// gone gives the offers that their registry does not have, once for each
// reference of an image.
func (l *linter) gone() []offer {
	if l.opts.Facts == nil {
		return nil
	}
	type asked struct {
		image string
		ref   reference.Reference
	}
	said := map[asked]bool{}
	var out []offer
	for _, o := range l.offered {
		key := asked{o.image, o.ref.WithDefaultTag()}
		m, known := l.opts.Facts.Manifests[key.ref]
		if known && !m.There && !said[key] {
			said[key] = true
			out = append(out, o)
		}
	}
	return out
}

func (l *linter) imageMissing() {
	for _, o := range l.gone() {
		if l.absent(o.ref) {
			l.say(o.path, "%s has no repository %s", o.ref.Host, o.ref.Path)
		}
	}
}

func (l *linter) tagMissing() {
	for _, o := range l.gone() {
		if l.absent(o.ref) {
			continue
		}
		hint := ""
		if tags := l.opts.Facts.Repositories[o.ref.Host+"/"+o.ref.Path]; len(tags) > 0 {
			hint = "; its repository has " + listed(tags)
		}
		l.say(o.path, "%s is not there%s", o.ref.WithDefaultTag(), hint)
	}
}

// absent tells whether the registry said that there is no such repository.
func (l *linter) absent(ref reference.Reference) bool {
	tags, known := l.opts.Facts.Repositories[ref.Host+"/"+ref.Path]
	return known && tags == nil
}

func (l *linter) tagMoved() {
	if l.opts.Facts == nil {
		return
	}
	for _, o := range l.offered {
		named := o.ref.WithDefaultTag()
		now := l.opts.Facts.Manifests[named].Digest
		pinned, by := named.Digest, "this catalog"
		if pinned == "" {
			pinned, by = l.opts.Facts.Published[named], "the published catalog"
		}
		if pinned != "" && now != "" && now != pinned && named.Tag != "" {
			l.say(o.path, "tag %s names %s now, and %s pins %s", named.Tag, now, by, pinned)
		}
	}
}

// notInCatalog looks for repositories that the catalog owns and does not name.
// One that an image had formerly is named.
func (l *linter) notInCatalog() {
	if l.opts.Facts == nil {
		return
	}
	named := map[string]bool{}
	for _, o := range l.offered {
		named[repositoryOf(o.ref)] = true
	}
	for _, o := range l.former() {
		named[repositoryOf(o.ref)] = true
	}
	for _, repository := range l.opts.Facts.Owned {
		if !named[repository] {
			l.say(strictyaml.Keys("images"), "%s is in its registry, and no image names it: add it here, or remove it there", repository)
		}
	}
}

// repositoryOf gives host/path. Hosts have no case.
func repositoryOf(ref reference.Reference) string { return strings.ToLower(ref.Host) + "/" + ref.Path }

// listed gives the first few of many words.
func listed(words []string) string {
	const most = 5
	if len(words) <= most {
		return strings.Join(words, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(words[:most], ", "), len(words)-most)
}
