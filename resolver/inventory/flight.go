package inventory

import "gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbor"

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
	// in content hold no tagged image.
	whole   bool
	content map[string][]harbor.Artifact // by repository, below the project
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
	return &reading{project: project, flight: f, began: f.written, markers: i.opts.Markers, content: map[string][]harbor.Artifact{}}
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

// add takes artifacts of a project apart by repository.
func (r *reading) add(artifacts []harbor.Artifact) {
	for _, a := range artifacts {
		_, name := harbor.SplitName(a.Repository)
		r.content[name] = append(r.content[name], a)
	}
}
