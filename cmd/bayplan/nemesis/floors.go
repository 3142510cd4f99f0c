package nemesis

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
