package chart

import (
	"fmt"
	"time"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/strictyaml"
)

func mayBeDate(path strictyaml.Path) bool {
	switch len(path) {
	case 3:
		return path[0].Key == "tombstones" && path[2].Key == "date"
	case 4:
		return (path[0].Key == "images" || path[0].Key == "stacks") && path[2].Key == "lifecycle"
	}
	return false
}

// lifecycle checks that the days are days, and come in the order of life.
func (c *checker) lifecycle(path strictyaml.Path, l Lifecycle) {
	steps := []struct {
		key string
		day Date
	}{{"deprecated", l.Deprecated}, {"unsupported", l.Unsupported}, {"removed", l.Removed}}
	before := steps[0]
	for _, step := range steps {
		at := path.With(strictyaml.Key(step.key))
		if step.day == "" || !c.date(at, step.day) {
			continue
		}
		if step.day < before.day {
			c.fail("lifecycle-order", at, fmt.Sprintf("%s (%s) is before %s (%s)", step.key, step.day, before.key, before.day))
		}
		before = step
	}
}

// date checks one day; an empty one is the schema's business.
func (c *checker) date(path strictyaml.Path, day Date) bool {
	if day == "" {
		return true
	}
	if _, err := time.Parse(time.DateOnly, string(day)); err != nil {
		c.fail("bad-date", path, fmt.Sprintf("%q is no day of the calendar: write YYYY-MM-DD", day))
		return false
	}
	return true
}
