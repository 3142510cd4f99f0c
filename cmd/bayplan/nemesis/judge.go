package nemesis

import (
	"slices"
	"strings"
)

// read judges one read, and gives what it saw.
func (c *checker) read(n int, one *read) []int {
	b := one.body
	switch one.status {
	case 200:
		c.etag(n, one)
	case 304:
		if b = c.held(n, one); b == nil {
			return nil
		}
	case 404:
	default:
		if !c.mayFail(one) {
			c.violate(RuleFailed, n, "it was not answered: %s", one.failure)
		}
		return nil
	}
	for _, problem := range b.seen.problems {
		c.violate(RulePublished, n, "%s", problem)
	}
	c.mine(n, one, b.seen)
	c.day(n, one, b.seen)
	var saw []int
	f := c.floorsOf(int(one.incarnation))
	for _, cl := range c.claims(one.question, b.seen) {
		if state, ok := c.judge(n, one, f, cl); ok {
			saw = append(saw, cl.component, state)
		}
	}
	return saw
}

// judge finds the oldest state that a claim can be about, no older than what was
// read before.
func (c *checker) judge(n int, one *read, f *floors, cl claim) (state int, ok bool) {
	if cl.component < 0 || len(cl.states) == 0 {
		c.violate(RulePublished, n, "%s, which was never so", cl.what)
		return 0, false
	}
	at, _ := slices.BinarySearch(cl.states, f.now[cl.component])
	written := c.components[cl.component].at
	switch {
	case at == len(cl.states):
		rule := RuleBackwards
		if cl.privacy {
			rule = RulePrivate
		}
		c.violate(rule, n, "%s: that was so in state %d of %q, and state %d was read before", cl.what, cl.states[at-1], c.components[cl.component].name, f.now[cl.component])
		return 0, false
	case written[cl.states[at]] > one.end:
		c.violate(RulePublished, n, "%s, which was not so before %v", cl.what, written[cl.states[at]])
		return 0, false
	}
	state = cl.states[at]
	if newest, _ := slices.BinarySearch(cl.states, f.full[cl.component]); newest == len(cl.states) && !cl.stale && !cl.privacy {
		c.violate(RuleStale, n, "%s is older than what was read before the crash, and not marked stale", cl.what)
	}
	if cl.privacy && c.r.World.isPublicState(c.components[cl.component].name, state) {
		c.private(n, one, strings.TrimPrefix(c.components[cl.component].name, "shown "))
	}
	return state, true
}

func (w *World) isPublicState(component string, state int) bool {
	return w.projects[strings.TrimPrefix(component, "shown ")].shown[state].public
}

// private sees whether a project that a read shows to all has been private for
// longer than Bayplan may take to learn it, while it could ask.
func (c *checker) private(n int, one *read, name string) {
	var since Moment
	private := false
	for _, s := range c.r.World.projects[name].shown {
		if s.at > one.end {
			break
		}
		private, since = !s.public, s.done
	}
	if !private {
		return
	}
	in := c.r.incarnations[one.incarnation]
	since = max(since, in.Ready)
	for _, w := range slices.Concat(c.r.cuts, c.r.windows) {
		if w.replica == in.Replica && w.from <= one.end {
			if w.to == 0 {
				return
			}
			since = max(since, w.to)
		}
	}
	if one.start-since > proofAge {
		c.violate(RulePrivate, n, "%s is private, and Harbor has said so for %v", name, one.start-since)
	}
}

// etag holds a tag against what came with it.
func (c *checker) etag(n int, one *read) {
	want := `"` + one.body.content + `"`
	if one.body.encoding != Identity {
		want = `"` + one.body.content + "-" + one.body.encoding + `"`
	}
	if one.etag != want {
		c.violate(RuleETag, n, "its ETag is %s, that of its bytes is %s", one.etag, want)
	}
}

// held finds what a 304 says is there.
func (c *checker) held(n int, one *read) *body {
	if !slices.Contains(one.held, one.etag) {
		c.violate(RuleHeld, n, "304 with %s for who holds %v", one.etag, one.held)
		return nil
	}
	encoding := Identity
	for _, coding := range []string{Gzip, Zstd} {
		if strings.HasSuffix(one.etag, "-"+coding+`"`) {
			encoding = coding
		}
	}
	if t := c.r.tags[one.question.Path+"\n"+encoding+"\n"+one.etag]; t != nil {
		return t.body
	}
	// Nobody got these bytes here, but the same may have been an answer elsewhere.
	if t := c.byTag[one.etag]; t != nil && t.question.Kind == one.question.Kind {
		return t.body
	}
	c.violate(RuleHeld, n, "304 with %s, which stood for no answer to this", one.etag)
	return nil
}

// mine sees that a tool's own answers tell of no other tool, and a public list
// of all that is always public.
func (c *checker) mine(n int, one *read, s *seen) {
	switch one.question.Kind {
	case ToolList, Resolve:
		for name := range s.built {
			if p := c.r.World.projects[name]; p != nil && p.tool != one.question.Tool {
				c.violate(RulePrivate, n, "it tells of %s", name)
			}
		}
	case PublicList:
		for name, p := range c.r.World.projects {
			if _, listed := s.built[name]; !listed && !s.unknown && p.fate == Steady {
				c.violate(RulePublished, n, "%s is not in it, which is always public and never empty", name)
			}
		}
	}
}

// day holds what states say of the day against the replica's clock.
func (c *checker) day(n int, one *read, s *seen) {
	if s.dayFrom == "" && s.dayBefore == "" {
		return
	}
	days := c.r.days[c.r.incarnations[one.incarnation].Replica]
	for k, d := range days {
		over := k+1 < len(days) && days[k+1].from < one.start-dayLag
		if d.from <= one.end && !over && d.day >= s.dayFrom && (s.dayBefore == "" || d.day < s.dayBefore) {
			return
		}
	}
	c.violate(RuleDay, n, "its states are of a day from %q, before %q, and the clock was at %v", s.dayFrom, s.dayBefore, days)
}

// mayFail tells whether a read fell into a time in which its replica was struck.
func (c *checker) mayFail(one *read) bool {
	replica := c.r.incarnations[one.incarnation].Replica
	return slices.ContainsFunc(c.r.windows, func(w window) bool {
		return w.replica == replica && w.from <= one.end && (w.to == 0 || w.to >= one.start)
	})
}
