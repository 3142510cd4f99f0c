package nemesis

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// Moment is a time of a history, counted from its beginning by a clock that
// nobody sets.
type Moment = time.Duration

// World is what was written. Each thing has its states in the order in which they
// were written, and each state the moment when its writing began: before that
// nobody can have read it. It is safe for concurrent use.
type World struct {
	// Host is the registry of standard images, and Harbor that of tools' images, as
	// the catalog and pods name them.
	Host, Harbor string

	mu       sync.RWMutex
	catalogs []Catalog
	tags     map[string][]tagged // by repository
	projects map[string]*project
}

// Catalog is one generation of the catalog.
type Catalog struct {
	At     Moment
	Images map[string]Entry
}

// Entry is an image of the catalog. Its description and its alias name the
// generation, so that every view of it tells which one it is of.
type Entry struct {
	State string // as written
	// Deprecated is the UTC day from which it is; "" for never.
	Deprecated string
}

// tagged is a state of the tag latest of a repository.
type tagged struct {
	at     Moment
	digest string
}

// Fate is what happens to a project.
type Fate int

const (
	// Steady projects are public and never empty: a public list without one is wrong.
	Steady Fate = iota
	// Toggling projects turn private and public, and are never empty: a public list
	// without one has it as private.
	Toggling
	// Fleeting projects are public, come and go.
	Fleeting
)

// project is a tool's project with its one repository.
type project struct {
	tool     string
	fate     Fate
	contents []content
	shown    []shown
}

// content is what the repository holds: tag to digest.
type content struct {
	at     Moment
	images map[string]string
	key    string
}

// shown is whether anyone may see the project.
type shown struct {
	at, done Moment // when it was being said, and when it was
	public   bool
}

// NewWorld makes a world in which nothing is written yet.
func NewWorld(host, harbor string) *World {
	return &World{Host: host, Harbor: harbor, tags: map[string][]tagged{}, projects: map[string]*project{}}
}

// WriteCatalog notes that a generation is about to be published, and gives its
// number, which make gets to know.
func (w *World) WriteCatalog(at Moment, make func(generation int) map[string]Entry) (generation int, images map[string]Entry) {
	w.mu.Lock()
	defer w.mu.Unlock()
	generation = len(w.catalogs)
	images = make(generation)
	w.catalogs = append(w.catalogs, Catalog{At: at, Images: images})
	return generation, images
}

// WriteTag notes that the tag latest of a repository is about to name a digest.
func (w *World) WriteTag(at Moment, repository, digest string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tags[repository] = append(w.tags[repository], tagged{at, digest})
}

// Begin notes a tool and its project, which is public and empty.
func (w *World) Begin(name, tool string, fate Fate) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.projects[name] = &project{tool: tool, fate: fate, contents: []content{contentOf(0, nil)}, shown: []shown{{public: true}}}
}

// WriteImages notes what a project's repository is about to hold, once the write
// that began at a moment has said under which digests.
func (w *World) WriteImages(at Moment, name string, images map[string]string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	p := w.projects[name]
	p.contents = append(p.contents, contentOf(at, images))
}

// WriteVisibility notes that a project was turned private or public between two
// moments.
func (w *World) WriteVisibility(at, done Moment, name string, public bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	p := w.projects[name]
	p.shown = append(p.shown, shown{at, done, public})
}

// Newest gives the number of the newest generation, the digest that each
// repository's tag names, and what each project holds and whether it is public.
func (w *World) Newest() (generation int, digests map[string]string, projects map[string]map[string]string, public map[string]bool) {
	w.mu.RLock()
	defer w.mu.RUnlock()
	digests, projects, public = map[string]string{}, map[string]map[string]string{}, map[string]bool{}
	for repository, states := range w.tags {
		digests[repository] = states[len(states)-1].digest
	}
	for name, p := range w.projects {
		projects[name] = maps.Clone(p.contents[len(p.contents)-1].images)
		public[name] = p.shown[len(p.shown)-1].public
	}
	return len(w.catalogs) - 1, digests, projects, public
}

// catalog gives a generation; false if there was none.
func (w *World) catalog(generation int) (Catalog, bool) {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if generation < 0 || generation >= len(w.catalogs) {
		return Catalog{}, false
	}
	return w.catalogs[generation], true
}

func contentOf(at Moment, images map[string]string) content {
	return content{at, maps.Clone(images), keyOf(images)}
}

// keyOf gives equal texts for equal contents.
func keyOf(images map[string]string) string {
	var key strings.Builder
	for _, tag := range slices.Sorted(maps.Keys(images)) {
		fmt.Fprintf(&key, "%s=%s ", tag, strings.TrimPrefix(images[tag], "sha256:"))
	}
	return key.String()
}

// Alias is what an image of a generation is called besides its name.
func Alias(name string, generation int) string { return fmt.Sprintf("%s-g%d", name, generation) }

// Description is what a generation says of all its images.
func Description(generation int) string { return fmt.Sprintf("generation %d", generation) }

// WebRepository is the repository of an image's variant webservice; that of the
// image itself has its name.
func WebRepository(name string) string { return name + "-web" }

// Caught tells whether a public list, uncompressed, says all that was written last;
// who may see what only if asked, because that takes longer to be learnt.
func (w *World) Caught(list []byte, privacy bool) (missing string) {
	s := w.look(&Question{Kind: PublicList}, 200, list)
	if len(s.problems) > 0 {
		return s.problems[0]
	}
	generation, digests, projects, public := w.Newest()
	if s.generation != generation {
		return fmt.Sprintf("generation %d, not %d", s.generation, generation)
	}
	for _, f := range s.facts {
		if digests[f.what] != f.value || f.stale {
			return f.what
		}
	}
	for name, images := range projects {
		told, listed := s.built[name]
		switch {
		case !listed && (len(images) == 0 || w.projects[name].fate != Steady && !privacy):
		case listed && !public[name] && !privacy:
		case listed != public[name]:
			return fmt.Sprintf("%s is listed: %v", name, listed)
		case listed && (told.value != keyOf(images) || told.stale):
			return name
		}
	}
	return ""
}
