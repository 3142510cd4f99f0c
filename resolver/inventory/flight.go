package inventory

import (
	"slices"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbor"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/marker"
)

// flight is the questions about one project that are under way. Rounds and
// [Inventory.Refresh] ask side by side, and Harbor may work off what was asked
// first last; so an answer goes into the view only if no other one did since its
// question began. Else it is asked again, and nothing is ever taken back.
type flight struct {
	under   int // questions under way
	written int // answers that went into the view meanwhile
}

// reading is one question about a project, and what was answered.
type reading struct {
	project string
	flight  *flight
	began   int  // the flight's count when the question began
	markers bool // tags that are markers are read as such

	// rows are the repositories that were asked about, as a listing has them.
	rows []harbor.Repository
	// whole tells that all of the project was asked: repositories that are not
	// in content hold nothing.
	whole   bool
	content []held // sorted by name
	// proved tells that the last proof of which projects are private came after
	// this one was there.
	proved bool
	// denied tells that the project is not there, or not for us to read.
	denied bool
	// failure is why the project could not be read, if that is its own affair.
	failure error
}

// depart begins a question about a project. It ends with land.
func (i *Inventory) depart(project string) *reading {
	i.mu.Lock()
	defer i.mu.Unlock()
	f := i.flights[project]
	if f == nil {
		f = &flight{}
		i.flights[project] = f
	}
	f.under++
	return &reading{project: project, flight: f, began: f.written, markers: i.opts.Markers}
}

// land ends questions, whatever became of them.
func (i *Inventory) land(readings ...*reading) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, r := range readings {
		if r.flight.under--; r.flight.under == 0 {
			delete(i.flights, r.project)
		}
	}
	if len(i.flights) == 0 {
		i.flights = map[string]*flight{} // a map keeps the room that a sweep needed
	}
}

// overtaken tells whether another answer was put into the view meanwhile. The
// caller holds the lock.
func (r *reading) overtaken() bool { return r.flight.written != r.began }

// held is what a reading found in a repository. It is made of the artifacts at
// once: they are large, and a sweep keeps all that it read until its end.
type held struct {
	name   string // below the project
	images []Image
	marks  *marker.Marks // nil unless markers are read
}

// add takes artifacts of a project apart by repository.
func (r *reading) add(artifacts []harbor.Artifact) {
	slices.SortStableFunc(artifacts, func(a, b harbor.Artifact) int { return strings.Compare(a.Repository, b.Repository) })
	for len(artifacts) > 0 {
		n := 1
		for n < len(artifacts) && artifacts[n].Repository == artifacts[0].Repository {
			n++
		}
		r.hold(artifacts[:n])
		artifacts = artifacts[n:]
	}
}

// hold keeps what the artifacts of one repository say.
func (r *reading) hold(artifacts []harbor.Artifact) {
	_, name := harbor.SplitName(artifacts[0].Repository)
	h := held{name: name, images: imagesOf(artifacts, r.markers)}
	if r.markers {
		h.marks = marksOf(artifacts)
	}
	at, again := r.find(name)
	if again {
		r.content[at] = h
		return
	}
	r.content = slices.Insert(r.content, at, h)
}

// of gives what was found in a repository; nothing if it is not in the reading.
func (r *reading) of(name string) held {
	at, found := r.find(name)
	if !found {
		return held{}
	}
	return r.content[at]
}

func (r *reading) find(name string) (at int, found bool) {
	return slices.BinarySearchFunc(r.content, name, func(h held, name string) int { return strings.Compare(h.name, name) })
}
