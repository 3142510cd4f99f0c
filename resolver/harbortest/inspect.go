package harbortest

import (
	"slices"
	"time"
)

// RepositoryInfo is what the stand-in holds of a repository.
type RepositoryInfo struct {
	Name      string
	PullCount int64
	Updated   time.Time
	// Artifacts are those that lists show, newest first.
	Artifacts []ArtifactInfo
}

// ArtifactInfo is what the stand-in holds of an artifact.
type ArtifactInfo struct {
	Digest string
	// Tags are newest first.
	Tags []string
	// Pushed is when; Pulled is zero if it never was.
	Pushed, Pulled time.Time
}

// Repository tells what is in a repository, without a request. Pulls show after
// a flush. ok is false if there is none.
func (h *Harbor) Repository(name string) (info RepositoryInfo, ok bool) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	r := h.state.repositories[name]
	if r == nil {
		return RepositoryInfo{}, false
	}
	info = RepositoryInfo{Name: name, PullCount: r.pulls, Updated: r.updated.time()}
	for _, a := range r.listed() {
		one := ArtifactInfo{Digest: a.digest.String(), Pushed: a.pushed.time(), Pulled: a.pulled.time()}
		for _, t := range slices.Backward(a.tags) {
			one.Tags = append(one.Tags, t.name)
		}
		info.Artifacts = append(info.Artifacts, one)
	}
	return info, true
}

// Repositories tells how many repositories there are, private ones included.
func (h *Harbor) Repositories() int {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return len(h.state.created)
}
