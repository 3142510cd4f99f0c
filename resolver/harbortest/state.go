package harbortest

import (
	"cmp"
	"slices"
	"strconv"
)

// state is what Harbor would have in its database. [Harbor.mu] guards it.
type state struct {
	projects map[string]*project
	byID     map[int64]*project
	// named are all projects by name.
	named []*project
	// private are the projects that are not public.
	private map[*project]struct{}
	// repositories by full name, "project/path".
	repositories map[string]*repository
	// created has all repositories, oldest first; updated by update_time. Both are
	// kept sorted, so that the newest page of 100,000 is found at once.
	created, updated []*repository

	lastProject, lastRepository, lastArtifact, lastTag, lastAccessory, lastLabel int64
	// lastSerial numbers the synthetic artifacts that were pushed one by one; it
	// starts above those of a seed.
	lastSerial uint32
}

// project is a project. Its repositories are oldest first.
type project struct {
	id           int64
	name         string
	public       bool
	created      stamp
	updated      stamp
	repositories []*repository
}

func (s *state) init() {
	s.projects = map[string]*project{}
	s.byID = map[int64]*project{}
	s.private = map[*project]struct{}{}
	s.repositories = map[string]*repository{}
	s.lastSerial = 1 << 20
}

// lookup finds a project. A number is an id unless the caller says otherwise.
func (s *state) lookup(nameOrID string, isName bool) *project {
	if !isName {
		if id, err := strconv.ParseInt(nameOrID, 10, 64); err == nil {
			return s.byID[id]
		}
	}
	return s.projects[nameOrID]
}

// addProject adds a project that does not exist yet.
func (s *state) addProject(name string, public bool, at stamp) *project {
	s.lastProject++
	p := &project{id: s.lastProject, name: name, public: public, created: at, updated: at}
	s.projects[name] = p
	s.byID[p.id] = p
	place, _ := slices.BinarySearchFunc(s.named, name, func(p *project, name string) int { return cmp.Compare(p.name, name) })
	s.named = slices.Insert(s.named, place, p)
	if !public {
		s.private[p] = struct{}{}
	}
	return p
}

func (s *state) setPublic(p *project, public bool, at stamp) {
	p.public = public
	p.updated = at
	if public {
		delete(s.private, p)
		return
	}
	s.private[p] = struct{}{}
}

// repository finds one by its full name, or makes it in p.
func (s *state) ensureRepository(p *project, name string, at stamp) *repository {
	if r, ok := s.repositories[name]; ok {
		return r
	}
	s.lastRepository++
	r := &repository{id: s.lastRepository, project: p, name: name, created: at, updated: at}
	s.repositories[name] = r
	p.repositories = append(p.repositories, r)
	s.created = append(s.created, r)
	s.insertUpdated(r)
	return r
}

// touch moves a repository to its new update_time.
func (s *state) touch(r *repository, at stamp) {
	if at == r.updated {
		return
	}
	s.removeUpdated(r)
	r.updated = at
	s.insertUpdated(r)
}

func (s *state) insertUpdated(r *repository) {
	place, _ := slices.BinarySearchFunc(s.updated, r, byUpdate)
	s.updated = slices.Insert(s.updated, place, r)
}

func (s *state) removeUpdated(r *repository) {
	if place, ok := slices.BinarySearchFunc(s.updated, r, byUpdate); ok {
		s.updated = slices.Delete(s.updated, place, place+1)
	}
}

func byUpdate(a, b *repository) int {
	return cmp.Or(cmp.Compare(a.updated, b.updated), cmp.Compare(a.id, b.id))
}

func byID(a, b *repository) int { return cmp.Compare(a.id, b.id) }

func (s *state) removeRepository(r *repository) {
	delete(s.repositories, r.name)
	s.removeUpdated(r)
	s.created = without(s.created, r)
	r.project.repositories = without(r.project.repositories, r)
}

func without(list []*repository, r *repository) []*repository {
	if place, ok := slices.BinarySearchFunc(list, r, byID); ok {
		return slices.Delete(list, place, place+1)
	}
	return list
}

// visible counts the repositories that v may list.
func (s *state) visible(v viewer) int64 {
	n := len(s.created)
	for p := range s.private {
		if !v.sees(p) {
			n -= len(p.repositories)
		}
	}
	return int64(n)
}

func (s *state) removeProject(p *project) {
	delete(s.projects, p.name)
	delete(s.byID, p.id)
	delete(s.private, p)
	s.named = slices.DeleteFunc(s.named, func(other *project) bool { return other == p })
}
