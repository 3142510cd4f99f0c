package harbortest

import "fmt"

// Visibility says who may see a project.
type Visibility bool

// The two kinds of projects. The recorded default of Toolforge is public.
const (
	Public  Visibility = false
	Private Visibility = true
)

// AddProject adds a project and tells whether it was new.
func (h *Harbor) AddProject(name string, v Visibility) bool {
	at := h.stamp()
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.state.projects[name] != nil {
		return false
	}
	h.state.addProject(name, v == Public, at)
	return true
}

// SetVisibility turns a project private or public. Neither changes the
// update_time of a repository: they vanish, or come back with an old one.
func (h *Harbor) SetVisibility(name string, v Visibility) error {
	at := h.stamp()
	h.mu.Lock()
	defer h.mu.Unlock()
	p := h.state.projects[name]
	if p == nil {
		return fmt.Errorf("no project %s", name)
	}
	h.state.setPublic(p, v == Public, at)
	return nil
}

// RemoveProject removes a project with all that is in it.
func (h *Harbor) RemoveProject(name string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	p := h.state.projects[name]
	if p == nil {
		return
	}
	for _, r := range append([]*repository{}, p.repositories...) {
		h.state.removeRepository(r)
	}
	h.state.removeProject(p)
}

// goOrigin is where events come from that no request caused.
func (h *Harbor) goOrigin() origin {
	o := origin{operator: "admin", host: h.opts.Host}
	if o.host == "" {
		o.host = "harbor.example.org"
	}
	return o
}

// Push pushes a new synthetic image to "project/repository" under a tag, which
// may be empty, and gives its digest. The project must exist; the repository is
// made. Each push makes another image, unless the profile names one.
func (h *Harbor) Push(repository, tagName string, p Profile) (string, error) {
	shared := h.profile(p)
	h.mu.Lock()
	if h.state.projects[projectOf(repository)] == nil {
		h.mu.Unlock()
		return "", fmt.Errorf("no project %s", projectOf(repository))
	}
	serial := p.Serial
	if serial == 0 {
		h.state.lastSerial++
		serial = h.state.lastSerial
	}
	made := syntheticArtifact(repository, serial, shared)
	h.mu.Unlock()
	h.push(repository, made, tagName, h.goOrigin())
	return made.digest.String(), nil
}

// Tag gives a tag to the artifact that reference (a tag or a digest) names,
// taking it from another if need be.
func (h *Harbor) Tag(repository, reference, tagName string) error {
	d, err := h.digestOf(repository, reference)
	if err == nil {
		h.moveTag(repository, tagName, d)
	}
	return err
}

// DeleteTag deletes a tag and leaves its artifact.
func (h *Harbor) DeleteTag(repository, tagName string) { h.removeTag(repository, tagName) }

// DeleteArtifact deletes the artifact that reference names, with all its tags.
func (h *Harbor) DeleteArtifact(repository, reference string) error {
	d, err := h.digestOf(repository, reference)
	if err == nil {
		h.removeArtifact(repository, d, h.goOrigin())
	}
	return err
}

// DeleteRepository deletes a repository.
func (h *Harbor) DeleteRepository(repository string) { h.removeRepository(repository, h.goOrigin()) }

// Pull counts as many pulls of what reference names, as if somebody ran it. They
// show after the next flush.
func (h *Harbor) Pull(repository, reference string, times int64) error {
	d, err := h.digestOf(repository, reference)
	if err != nil {
		return err
	}
	tagName := reference
	if _, ok := parseDigest(reference); ok {
		tagName = ""
	}
	at := h.stamp()
	h.pulled(pull{repository: repository, digest: d, tag: tagName, at: at, times: times})
	h.mu.RLock()
	defer h.mu.RUnlock()
	if r := h.state.repositories[repository]; r != nil {
		if a := r.byDigest(d); a != nil {
			h.emit(r, a, eventPull, tagName, h.goOrigin(), at)
		}
	}
	return nil
}

// Describe sets the description of a repository, which moves its update_time.
func (h *Harbor) Describe(repository, description string) {
	h.commit(func(at stamp) {
		if r := h.state.repositories[repository]; r != nil {
			r.description = description
			h.state.touch(r, at)
		}
	})
}

// Label puts a label on what reference names, which no time shows.
func (h *Harbor) Label(repository, reference, name string) error {
	d, err := h.digestOf(repository, reference)
	if err != nil {
		return err
	}
	at := h.stamp()
	h.mu.Lock()
	defer h.mu.Unlock()
	if r := h.state.repositories[repository]; r != nil {
		if a := r.byDigest(d); a != nil {
			h.state.label(a, name, at)
		}
	}
	return nil
}

func (h *Harbor) digestOf(repository, reference string) (digest, error) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	if r := h.state.repositories[repository]; r != nil {
		if a := r.find(reference); a != nil {
			return a.digest, nil
		}
	}
	return digest{}, fmt.Errorf("no artifact %s in %s", reference, repository)
}
