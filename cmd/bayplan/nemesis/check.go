package nemesis

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

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

func (c *checker) violate(rule Rule, n int, format string, args ...any) {
	one := &c.r.reads[n]
	in := c.r.incarnations[one.incarnation]
	c.violations = append(c.violations, Violation{Rule: rule, Read: n, Text: fmt.Sprintf("replica %d (process %d), %s for %q, %s, %v to %v, status %d: ",
		in.Replica, one.incarnation, one.question.Path, one.question.Tool, one.coding, one.start, one.end, one.status) + fmt.Sprintf(format, args...)})
}
