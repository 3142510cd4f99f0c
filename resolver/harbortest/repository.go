package harbortest

import "slices"

// repository is a repository. It is kept small: there may be 100,000.
type repository struct {
	id               int64
	project          *project
	name             string // with the project
	description      string
	created, updated stamp
	pulls            int64
	// artifacts are oldest first, accessories and children of indexes included.
	artifacts []*artifact
}

// path is the name without the project.
func (r *repository) path() string { return r.name[len(r.project.name)+1:] }

// byTag finds the artifact that a tag names, and the tag's place in it.
func (r *repository) byTag(name string) (*artifact, int) {
	for _, a := range slices.Backward(r.artifacts) {
		for i := range a.tags {
			if a.tags[i].name == name {
				return a, i
			}
		}
	}
	return nil, 0
}

func (r *repository) byDigest(d digest) *artifact {
	for _, a := range slices.Backward(r.artifacts) {
		if a.digest == d {
			return a
		}
	}
	return nil
}

// find takes a tag or a digest, as the API and /v2 do.
func (r *repository) find(reference string) *artifact {
	if d, ok := parseDigest(reference); ok {
		return r.byDigest(d)
	}
	a, _ := r.byTag(reference)
	return a
}

// listed gives the artifacts that lists show, newest first: no accessories, and
// no untagged children of an index.
func (r *repository) listed() []*artifact {
	list := make([]*artifact, 0, len(r.artifacts))
	for _, a := range slices.Backward(r.artifacts) {
		if a.listed() {
			list = append(list, a)
		}
	}
	return list
}

// count is how many artifacts lists show.
func (r *repository) count() (n int64) {
	for _, a := range r.artifacts {
		if a.listed() {
			n++
		}
	}
	return n
}

// accessories gives those of a, oldest first.
func (r *repository) accessories(a *artifact) []*artifact {
	var list []*artifact
	for _, other := range r.artifacts {
		if other.rare != nil && other.rare.accessory != "" && other.rare.subject == a.digest {
			list = append(list, other)
		}
	}
	return list
}

func (r *repository) remove(a *artifact) {
	r.artifacts = slices.DeleteFunc(r.artifacts, func(other *artifact) bool { return other == a })
}

// dropTag removes a tag wherever it is.
func (r *repository) dropTag(name string) bool {
	a, i := r.byTag(name)
	if a == nil {
		return false
	}
	a.tags = slices.Delete(a.tags, i, i+1)
	return true
}
