package nemesis

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
)

// claim is that a component has one of some states, ascending.
type claim struct {
	component int
	states    []int
	stale     bool
	privacy   bool
	what      string
}

// component is something that has states.
type component struct {
	name string
	at   []Moment // when each state began to be written
	// durable components lose nothing in a crash.
	forgets Moment
}

// gather makes the components of the world.
func (c *checker) gather() {
	w := c.r.World
	add := func(name string, forgets Moment, at []Moment) {
		c.index[name] = len(c.components)
		c.components = append(c.components, component{name, at, forgets})
	}
	var at []Moment
	for _, catalog := range w.catalogs {
		at = append(at, catalog.At)
	}
	add("catalog", 0, at)
	for _, repository := range slices.Sorted(maps.Keys(w.tags)) {
		at = nil
		for _, t := range w.tags[repository] {
			at = append(at, t.at)
		}
		add("tag "+repository, Forgotten, at)
	}
	for _, name := range slices.Sorted(maps.Keys(w.projects)) {
		at = nil
		for _, content := range w.projects[name].contents {
			at = append(at, content.at)
		}
		add("content "+name, Forgotten, at)
		at = nil
		for _, shown := range w.projects[name].shown {
			at = append(at, shown.at)
		}
		add("shown "+name, forgottenPrivacy, at)
	}
}

// claim works out which states of the world a body can be of.
func (c *checker) claim(s *seen) {
	w := c.r.World
	if s.generation >= 0 {
		s.claims = append(s.claims, claim{component: 0, states: []int{s.generation}, what: Description(s.generation)})
	}
	for _, f := range s.facts {
		var states []int
		for n, t := range w.tags[f.what] {
			if t.digest == f.value {
				states = append(states, n)
			}
		}
		s.claims = append(s.claims, claim{component: c.component("tag " + f.what), states: states, stale: f.stale, what: f.what + " is " + f.value})
	}
}

func (c *checker) component(name string) int {
	if n, ok := c.index[name]; ok {
		return n
	}
	return -1
}

// claims are those of a body as an answer to a question: what tools built means
// more in a whole list.
func (c *checker) claims(q *Question, s *seen) []claim {
	if s.unknown {
		return s.claims
	}
	out := slices.Clip(s.claims)
	for name, t := range s.built {
		p := c.r.World.projects[name]
		if p == nil {
			continue // it was said to be wrong
		}
		one := claim{component: c.component("content " + name), stale: t.stale, what: name + " holds " + cmp.Or(t.value, "nothing")}
		for n, content := range p.contents {
			if q.Project == "" && content.key == t.value || q.Project != "" && content.images[q.Tag] == t.value {
				one.states = append(one.states, n)
			}
		}
		if q.Kind == PublicImage && t.value == "" && p.fate == Toggling {
			continue // it may be private
		}
		if q.Kind == PublicImage && t.value == "" && p.fate == Fleeting {
			continue // nobody may know yet that it is public
		}
		out = append(out, one)
		if p.fate == Toggling && (q.Kind == PublicList || q.Kind == PublicImage) {
			out = append(out, c.shows(name, p, true))
		}
	}
	if q.Kind == PublicList {
		for name, p := range c.r.World.projects {
			if _, listed := s.built[name]; !listed && p.fate == Toggling {
				out = append(out, c.shows(name, p, false))
			}
		}
	}
	return out
}

// shows is the claim that a project is public, or private.
func (c *checker) shows(name string, p *project, public bool) claim {
	one := claim{component: c.component("shown " + name), privacy: true, what: fmt.Sprintf("%s is public: %v", name, public)}
	for n, s := range p.shown {
		if s.public == public {
			one.states = append(one.states, n)
		}
	}
	return one
}
