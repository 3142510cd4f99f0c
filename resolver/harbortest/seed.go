package harbortest

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Seed says how many projects with how many repositories are wanted.
type Seed struct {
	// Projects is how many; named Prefix and a number of six digits.
	Projects int
	// Repositories is how many each has; 1 if zero. The first bears its project's
	// name, as builds-api names images, the others "app-2" and so on.
	Repositories int
	// Artifacts is how many each repository has, the newest tagged "latest" and the
	// others "v1", "v2"…; 1 if zero.
	Artifacts int
	// Prefix is "tool-" if empty.
	Prefix string
	// Profile is what the images are made of.
	Profile Profile
	// Age is how long before now the oldest was pushed; the others follow evenly.
	// 24 hours if zero.
	Age time.Duration
}

// Seed adds public projects with synthetic images, cheaply: thousands in well
// under a second. Names, digests and order are the same each time. It gives the
// full names of the repositories, oldest first. Existing projects are kept and
// must not have the same names.
func (h *Harbor) Seed(s Seed) []string {
	s.Repositories, s.Artifacts = max(s.Repositories, 1), max(s.Artifacts, 1)
	s.Prefix = cmp.Or(s.Prefix, "tool-")
	s.Age = cmp.Or(s.Age, 24*time.Hour)
	shared := h.profile(s.Profile)
	now := h.opts.Now()
	step := s.Age / time.Duration(s.Projects*s.Repositories*s.Artifacts+1)
	at := now.Add(-s.Age)

	h.mu.Lock()
	defer h.mu.Unlock()
	names := make([]string, 0, s.Projects*s.Repositories)
	for i := range s.Projects {
		name := fmt.Sprintf("%s%06d", s.Prefix, i)
		p := h.state.appendProject(name, stampOf(at))
		p.repositories = make([]*repository, 0, s.Repositories)
		for j := range s.Repositories {
			r := h.state.seedRepository(p, j, stampOf(at))
			names = append(names, r.name)
			for k := range s.Artifacts {
				h.state.seedArtifact(r, uint32(k+1), s.Artifacts, shared, stampOf(at))
				at = at.Add(step)
			}
		}
	}
	slices.SortFunc(h.state.named, func(a, b *project) int { return cmp.Compare(a.name, b.name) })
	slices.SortFunc(h.state.updated, byUpdate)
	return names
}

// appendProject adds a public project and leaves the sorting to the caller.
func (s *state) appendProject(name string, at stamp) *project {
	s.lastProject++
	p := &project{id: s.lastProject, name: name, public: true, created: at, updated: at}
	s.projects[name], s.byID[p.id] = p, p
	s.named = append(s.named, p)
	return p
}

func (s *state) seedRepository(p *project, number int, at stamp) *repository {
	path := p.name
	if number > 0 {
		path = fmt.Sprintf("app-%d", number+1)
	}
	s.lastRepository++
	r := &repository{id: s.lastRepository, project: p, name: p.name + "/" + path, created: at, updated: at}
	s.repositories[r.name] = r
	p.repositories = append(p.repositories, r)
	s.created, s.updated = append(s.created, r), append(s.updated, r)
	return r
}

func (s *state) seedArtifact(r *repository, serial uint32, of int, shared *content, at stamp) {
	a := syntheticArtifact(r.name, serial, shared)
	s.lastArtifact++
	s.lastTag++
	a.id, a.pushed = s.lastArtifact, at
	name := "latest"
	if int(serial) < of {
		name = fmt.Sprintf("v%d", serial)
	}
	a.tags = []tag{{id: s.lastTag, name: name, pushed: at}}
	r.artifacts = append(r.artifacts, a)
	r.updated = at
}
