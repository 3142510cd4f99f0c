package harbortest

import "slices"

// What changes the update_time of a repository is decided here and in pull.go:
// an artifact or a tag that comes, moves or goes does; the same manifest put
// again under the same tag, a label, and reading do not.

// changed moves a repository to the time of a write, unless it stands for an
// older Harbor, where pushes leave it as it was.
func (h *Harbor) changed(r *repository, at stamp) {
	if !h.opts.PushesKeepUpdateTime {
		h.state.touch(r, at)
	}
}

// put stores an artifact, unless it is there, and tags it, unless tagName is
// empty. It tells whether anything changed. The caller holds mu.
func (h *Harbor) put(r *repository, made *artifact, tagName string, at stamp) (a *artifact, changed bool) {
	a = r.byDigest(made.digest)
	if a == nil {
		h.state.lastArtifact++
		a = made
		a.id, a.pushed = h.state.lastArtifact, at
		r.artifacts = append(r.artifacts, a)
		changed = true
	}
	if tagName != "" && h.tag(r, a, tagName, at) {
		changed = true
	}
	if changed {
		h.changed(r, at)
	}
	return a, changed
}

// tag gives a tag to an artifact, taking it from another if need be: it keeps its
// number then. It tells whether that changed anything.
func (h *Harbor) tag(r *repository, a *artifact, name string, at stamp) bool {
	if slices.ContainsFunc(a.tags, func(t tag) bool { return t.name == name }) {
		return false
	}
	moved := tag{name: name, pushed: at}
	if from, i := r.byTag(name); from != nil {
		moved.id = from.tags[i].id
		r.dropTag(name)
	} else {
		h.state.lastTag++
		moved.id = h.state.lastTag
	}
	a.tags = append(a.tags, moved)
	return true
}

// moveTag tags an artifact.
func (h *Harbor) moveTag(repository, name string, d digest) <-chan struct{} {
	return h.commit(func(at stamp) {
		r := h.state.repositories[repository]
		if r == nil {
			return
		}
		if a := r.byDigest(d); a != nil && h.tag(r, a, name, at) {
			h.changed(r, at)
		}
	})
}

// removeTag deletes a tag and leaves its artifact.
func (h *Harbor) removeTag(repository, name string) <-chan struct{} {
	return h.commit(func(at stamp) {
		if r := h.state.repositories[repository]; r != nil && r.dropTag(name) {
			h.changed(r, at)
		}
	})
}

// removeArtifact deletes an artifact, its tags and its accessories, and tells the
// webhooks: one event for each, naming one of its tags.
func (h *Harbor) removeArtifact(repository string, d digest, from origin) <-chan struct{} {
	return h.commit(func(at stamp) {
		r := h.state.repositories[repository]
		if r == nil {
			return
		}
		a := r.byDigest(d)
		if a == nil {
			return
		}
		for _, gone := range append([]*artifact{a}, r.accessories(a)...) {
			h.emit(r, gone, eventDelete, lastTag(gone), from, at)
			r.remove(gone)
		}
		h.changed(r, at)
	})
}

// removeRepository deletes a repository; the webhooks get one event for each
// listed artifact.
func (h *Harbor) removeRepository(name string, from origin) <-chan struct{} {
	return h.commit(func(at stamp) {
		r := h.state.repositories[name]
		if r == nil {
			return
		}
		h.state.removeRepository(r)
		for _, a := range r.listed() {
			h.emit(r, a, eventRepositoryDelete, lastTag(a), from, at)
		}
	})
}

// lastTag is the one tag that an event about all of an artifact names; empty if
// it has none.
func lastTag(a *artifact) string {
	if n := len(a.tags); n > 0 {
		return a.tags[n-1].name
	}
	return ""
}
