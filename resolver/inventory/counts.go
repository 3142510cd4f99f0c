package inventory

import "gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"

// Counts are how much tools have.
type Counts struct {
	// Tools are those that have repositories.
	Tools int
	// Repositories are theirs, those without a tagged image included.
	Repositories int
	// Images are their tags.
	Images int
	// Beta and Deprecated are those of the images that their owners call so.
	Beta, Deprecated int
}

// add counts a tool in, or with the sign -1 out.
func (c *Counts) add(tool *Tool, sign int) {
	c.Tools += sign
	c.Repositories += sign * len(tool.Repositories)
	c.Images += sign * tool.Images()
	if tool.marks == nil {
		return
	}
	for _, m := range tool.marks.repositories {
		r := tool.Repository(m.repository)
		if r == nil {
			continue
		}
		switch m.said.State {
		case chart.StateBeta:
			c.Beta += sign * len(r.Images)
		case chart.StateDeprecated:
			c.Deprecated += sign * len(r.Images)
		}
	}
}
