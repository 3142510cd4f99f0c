package compare

import (
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/strictyaml"
)

// tombstones compares what is left of removed images. One that an image leaves,
// or that gives way to one, is told with that image.
func (c *comparison) tombstones() {
	for _, name := range bothKeys(c.from.Tombstones, c.to.Tombstones) {
		before, now := c.from.Tombstones[name], c.to.Tombstones[name]
		change := Change{Image: name, Path: strictyaml.Keys("tombstones", name).String()}
		v := safe("only what people are told about the name changes")
		switch {
		case before == nil:
			if c.from.Images[name] != nil && c.to.Images[name] == nil && c.after[name] == "" {
				continue
			}
			change.Kind, change.New = KindTombstoneAdded, *now
			v.whySafe = "whoever asks for the name is told what replaces it"
		case now == nil:
			if c.from.Images[name] == nil && c.to.Images[name] != nil && c.former[name] == "" {
				continue
			}
			change.Kind, change.Old = KindTombstoneRemoved, *before
			v.whySafe = "whoever asks for the name is no longer told what replaces it"
		case *before == *now:
			continue
		default:
			change.Kind, change.Old, change.New = KindTombstoneChanged, *before, *now
		}
		c.add(v.on(change))
	}
}

// stacks compares what is said about the stacks of users' images. It never
// changes the state of an image.
func (c *comparison) stacks() {
	for _, name := range bothKeys(c.from.Stacks, c.to.Stacks) {
		before, now := c.from.Stacks[name], c.to.Stacks[name]
		change := Change{Stack: name, Path: strictyaml.Keys("stacks", name).String()}
		v := safe("images on this stack go on to run; the notice about them changes")
		switch {
		case before == nil:
			change.Kind, change.New = KindStackAdded, *now
			v.whySafe = "images on this stack go on to run; there is a notice about them now"
			if now.State == chart.StateStable {
				v.whySafe = "images on this stack go on to run"
			}
		case now == nil:
			change.Kind, change.Old = KindStackRemoved, *before
			v.whySafe = "images on this stack go on to run; nothing is said of it any more"
		case *before == *now:
			continue
		default:
			change.Kind, change.Old, change.New = KindStackChanged, *before, *now
		}
		c.add(v.on(change))
	}
}
