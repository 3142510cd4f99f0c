package nemesis

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Rule is what an answer may break.
type Rule string

// The rules.
const (
	// RulePublished: a body is a state that was written, all of it, before it was
	// sent.
	RulePublished Rule = "published"
	// RuleETag: for one question and coding, equal tags are equal bytes; and a tag
	// is that of its bytes.
	RuleETag Rule = "etag"
	// RuleBackwards: on one replica nothing is older than what was read there
	// before, but for the last [Forgotten] before a crash.
	RuleBackwards Rule = "backwards"
	// RuleStale: what is older than what was read before a crash is marked stale.
	RuleStale Rule = "stale"
	// RuleHeld: 304 is for who holds what would be sent.
	RuleHeld Rule = "held"
	// RulePrivate: a private project's images are for its tool.
	RulePrivate Rule = "private"
	// RuleDay: states are of a UTC day that the replica's clock showed.
	RuleDay Rule = "day"
	// RuleFailed: a process that runs answers.
	RuleFailed Rule = "failed"
)

const (
	// Forgotten is how much of live facts a crash may lose (docs/reliability.md),
	// with some time for the disk.
	Forgotten = 35 * time.Second
	// forgottenPrivacy is the same for that a project turned private, which is
	// written at once.
	forgottenPrivacy = 2 * time.Second
	// proofAge is how old what is known of private projects may be while Harbor can
	// be asked, with some time for a busy machine.
	proofAge = 50 * time.Second
	// dayLag is how long a state may be of the day before.
	dayLag = 70 * time.Second
)

// Violation is an answer that broke a rule.
type Violation struct {
	Rule Rule
	Read int // its number in the history
	Text string
}

func (v Violation) String() string { return fmt.Sprintf("%s: read %d: %s", v.Rule, v.Read, v.Text) }

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

// step is that a component was read in a state.
type step struct {
	at    Moment
	floor int
}

// floors are what was read of each component in one incarnation.
type floors struct {
	now   []int    // the newest state that was read, by component
	full  []int    // before the crash too
	steps [][]step // how now came to be
}

// checker holds a history against a world.
type checker struct {
	r          *Recorder
	components []component
	index      map[string]int
	floors     map[int]*floors // by incarnation
	byTag      map[string]*tagOf
	violations []Violation
}

// Check gives every answer that broke a rule, in the order of the reads. Call it
// when nothing is written or read any more.
func Check(r *Recorder) []Violation {
	c := &checker{r: r, index: map[string]int{}, floors: map[int]*floors{}, byTag: map[string]*tagOf{}, violations: slices.Clone(r.faults)}
	c.gather()
	for _, b := range r.bodies {
		c.claim(b.seen)
	}
	for key, t := range r.tags {
		c.byTag[key[strings.LastIndexByte(key, '\n')+1:]] = t
	}
	c.run()
	slices.SortStableFunc(c.violations, func(a, b Violation) int { return cmp.Compare(a.Read, b.Read) })
	return c.violations
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

// run goes through the reads in the order in which they began. What one of them
// saw binds those that began after it ended.
func (c *checker) run() {
	reads := c.r.reads
	order := make([]int, len(reads))
	for n := range order {
		order[n] = n
	}
	byEnd := slices.Clone(order)
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(reads[a].start, reads[b].start) })
	slices.SortFunc(byEnd, func(a, b int) int { return cmp.Compare(reads[a].end, reads[b].end) })
	saw := make([][]int, len(reads)) // what each read saw: component, state, …
	ended := 0
	for _, n := range order {
		one := &reads[n]
		for ; ended < len(byEnd) && reads[byEnd[ended]].end < one.start; ended++ {
			c.raise(&reads[byEnd[ended]], saw[byEnd[ended]])
			saw[byEnd[ended]] = nil
		}
		saw[n] = c.read(n, one)
	}
}

// raise notes what a read saw that is over.
func (c *checker) raise(one *read, saw []int) {
	f := c.floorsOf(int(one.incarnation))
	for k := 0; k < len(saw); k += 2 {
		component, state := saw[k], saw[k+1]
		if state > f.now[component] {
			f.now[component] = state
			f.steps[component] = append(f.steps[component], step{one.end, state})
		}
		f.full[component] = max(f.full[component], state)
	}
}

// floorsOf gives what binds an incarnation. It begins with what the one before it
// on the same replica must not have forgotten.
func (c *checker) floorsOf(incarnation int) *floors {
	if f := c.floors[incarnation]; f != nil {
		return f
	}
	f := &floors{now: make([]int, len(c.components)), full: make([]int, len(c.components)), steps: make([][]step, len(c.components))}
	c.floors[incarnation] = f
	all := c.r.incarnations
	for before := incarnation - 1; before >= 0; before-- {
		if all[before].Replica != all[incarnation].Replica {
			continue
		}
		last := c.floorsOf(before)
		copy(f.full, last.full)
		for n := range c.components {
			f.now[n] = last.now[n]
			if forgets := c.components[n].forgets; !all[before].Clean && forgets > 0 {
				f.now[n] = last.at(n, all[before].Ended-forgets)
			}
			f.steps[n] = []step{{0, f.now[n]}}
		}
		break
	}
	return f
}

// at gives what had been read of a component by a moment.
func (f *floors) at(component int, by Moment) int {
	state := 0
	for _, s := range f.steps[component] {
		if s.at <= by {
			state = s.floor
		}
	}
	return state
}

func (c *checker) violate(rule Rule, n int, format string, args ...any) {
	one := &c.r.reads[n]
	in := c.r.incarnations[one.incarnation]
	c.violations = append(c.violations, Violation{Rule: rule, Read: n, Text: fmt.Sprintf("replica %d (process %d), %s for %q, %s, %v to %v, status %d: ",
		in.Replica, one.incarnation, one.question.Path, one.question.Tool, one.coding, one.start, one.end, one.status) + fmt.Sprintf(format, args...)})
}

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
