package server

import (
	"bytes"
	"slices"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

const (
	// maxChanges is how many changes of one snapshot are told one by one. More
	// than that are told as one reset: whoever follows lists again, which is less
	// work for both.
	maxChanges = 1000
	// maxLooked is how many records are looked at to find them: who publishes
	// waits for that.
	maxLooked = 30_000
	// maxOwnChanges and maxOwnLooked are the same for one private tool. Beyond them
	// it is that tool alone that lists again: others must not notice.
	maxOwnChanges = 250
	maxOwnLooked  = 10_000
)

// reach tells on which streams a change shows.
type reach uint8

const (
	toPublic reach = 1 << iota // what anyone may see
	toTools                    // that of the tool whose image it is; of a standard image that of each tool
)

// change is one event, encoded once for all who read it.
type change struct {
	name  string // of the image; "" for what is about many
	tool  string // the project of the tool whose image it is; "" for what all tools list
	reach reach
	event string
	text  []byte // all of the event but its id; nil for api.EventReset, which is made for each reader
}

// isReset tells that readers have to begin anew.
func (c *change) isReset() bool { return c.event == api.EventReset }

// shows tells whether a change is for an audience.
func (c *change) shows(to audience) bool {
	if to == anybody {
		return c.reach&toPublic != 0
	}
	return c.reach&toTools != 0 && (c.tool == "" || c.tool == string(to))
}

// changes gathers what the lists of two snapshots have differently.
type changes struct {
	all     []*change
	looked  int
	tooMany bool
}

// changesSince gives what lists have otherwise than those of the pages before,
// in the order in which it is to be told; false if it is too much for that.
//
// What did not change is passed over by pointer. A source of user-built images
// that stops answering, or answers again, changes each of its records in the
// same way, so that is told once.
func (p *pages) changesSince(before *pages) ([]*change, bool) {
	var c changes
	c.compareMessages(before, p)
	c.compareRecords(before.fragments, p.fragments, "", toPublic|toTools)
	c.compareBuilt(before, p)
	if c.tooMany {
		return nil, false
	}
	// What is about many comes first: it has no name.
	slices.SortStableFunc(c.all, func(a, b *change) int { return strings.Compare(a.name, b.name) })
	return c.all, true
}

func (c *changes) add(one *change) {
	if len(c.all) == maxChanges {
		c.tooMany = true
		return
	}
	c.all = append(c.all, one)
}

func (c *changes) compareMessages(before, after *pages) {
	old, now := encode(before.messages), encode(after.messages)
	if !bytes.Equal(old, now) {
		data := encode(api.MessagesEvent{Messages: after.messages})
		c.add(&change{reach: toPublic | toTools, event: api.EventMessages, text: eventText(api.EventMessages, data)})
	}
}

// compareRecords finds the records that differ between two lists; both are sorted.
func (c *changes) compareRecords(before, after []fragment, tool string, to reach) {
	for (len(before) > 0 || len(after) > 0) && !c.tooMany {
		var old, now fragment
		order := compareNames(before, after)
		if order <= 0 {
			old, before = before[0], before[1:]
		}
		if order >= 0 {
			now, after = after[0], after[1:]
		}
		if old.image == now.image || order == 0 && bytes.Equal(old.json, now.json) {
			continue
		}
		c.add(imageChange(old, now, tool, to))
	}
}

// compareNames compares the first names of two lists that are not both empty;
// the end of a list is behind all names.
func compareNames(a, b []fragment) int {
	switch {
	case len(a) == 0:
		return 1
	case len(b) == 0:
		return -1
	}
	return strings.Compare(a[0].image.ShortName, b[0].image.ShortName)
}

func imageChange(old, now fragment, tool string, to reach) *change {
	event, name := api.EventChanged, ""
	switch {
	case old.image == nil:
		event, name = api.EventAdded, now.image.ShortName
	case now.image == nil:
		event, name = api.EventRemoved, old.image.ShortName
	default:
		name = now.image.ShortName
	}
	return &change{name: name, tool: tool, reach: to, event: event, text: eventText(event, imageData(name, now.json, old.json))}
}

// compareBuilt compares what tools built.
func (c *changes) compareBuilt(before, after *pages) {
	old, now := before.snapshot.Users, after.snapshot.Users
	b := builtChanges{changes: c, before: *before.snapshot, after: after.snapshot}
	if old.Stale != now.Stale {
		data := encode(api.SourceEvent{Source: now.Host, Stale: now.Stale})
		c.add(&change{reach: toPublic | toTools, event: api.EventSource, text: eventText(api.EventSource, data)})
		b.before.Users.Stale, b.healed = now.Stale, !now.Stale
	}
	context := before.context
	context.stale = after.context.stale
	if context != after.context {
		b.compareAll(old.View, now.View)
		return
	}
	inventory.Difference(old.View, now.View, b.compare)
	if b.healed {
		b.compareFailing(old.View, now.View)
	}
}

// builtChanges compares tools of two snapshots.
type builtChanges struct {
	*changes
	// before is the earlier snapshot as its readers have it once they were told
	// how its source fares now.
	before snapshot.Snapshot
	after  *snapshot.Snapshot
	healed bool // they were told that nothing is stale
}

// compareAll compares all tools, shared or not: what the catalog says of stacks
// shows in any of them.
func (b *builtChanges) compareAll(before, after *inventory.View) {
	if before != nil && before.Images > maxLooked || after != nil && after.Images > maxLooked {
		b.tooMany = true
		return
	}
	before.Walk("", func(t *inventory.Tool) bool {
		b.compare(t, after.Tool(t.Name))
		return !b.tooMany
	})
	after.Walk("", func(t *inventory.Tool) bool {
		if before.Tool(t.Name) == nil {
			b.compare(nil, t)
		}
		return !b.tooMany
	})
}

// compareFailing looks at the tools that the source cannot answer about while it
// answers again about others: they are stale all the same.
func (b *builtChanges) compareFailing(before, after *inventory.View) {
	after.Walk("", func(t *inventory.Tool) bool {
		if t.Stale && before.Tool(t.Name) == t { // others were compared
			b.compare(t, t)
		}
		return !b.tooMany
	})
}

// compare compares a tool with what it was; nil for none. One that turned
// private or public comes or goes for others, while for itself nothing changed.
func (b *builtChanges) compare(before, after *inventory.Tool) {
	wasSeen, isSeen := before != nil && !before.Private, after != nil && !after.Private
	size := imagesOf(before) + imagesOf(after)
	project := projectOf(before, after)
	switch {
	case b.tooMany:
		return
	case !wasSeen && !isSeen && size > maxOwnLooked:
		b.add(ownReset(project))
		return
	}
	if b.looked += size; b.looked > maxLooked {
		b.tooMany = true
		return
	}
	old, now := b.recordsBefore(before), encodedOf(b.after, after)
	switch {
	case before != nil && after != nil && wasSeen != isSeen:
		b.compareRecords(old, now, project, toTools)
		if wasSeen {
			b.compareRecords(old, nil, project, toPublic)
		} else {
			b.compareRecords(nil, now, project, toPublic)
		}
	case wasSeen || isSeen:
		b.compareRecords(old, now, project, toPublic|toTools)
	default:
		b.compareOwn(old, now, project)
	}
}

// compareOwn compares the records of a tool that is private.
func (b *builtChanges) compareOwn(before, after []fragment, project string) {
	var own changes
	own.compareRecords(before, after, project, toTools)
	if len(own.all) > maxOwnChanges {
		own.all = []*change{ownReset(project)}
	}
	for _, c := range own.all {
		b.add(c)
	}
}

// ownReset has the readers of one tool's stream begin anew.
func ownReset(project string) *change {
	return &change{tool: project, reach: toTools, event: api.EventReset}
}

func imagesOf(tool *inventory.Tool) int {
	if tool == nil {
		return 0
	}
	return tool.Images()
}

// recordsBefore gives the records of a tool as readers have them.
func (b *builtChanges) recordsBefore(tool *inventory.Tool) []fragment {
	if tool != nil && tool.Stale && b.healed {
		healed := *tool
		healed.Stale = false
		tool = &healed
	}
	return encodedOf(&b.before, tool)
}

// encodedOf gives the encoded records of a tool by short name; nil is none.
func encodedOf(s *snapshot.Snapshot, tool *inventory.Tool) []fragment {
	if tool == nil {
		return nil
	}
	records := fragmentsOf(s, tool)
	for i := range records {
		records[i].json = records[i].encoded()
	}
	return records
}

func projectOf(before, after *inventory.Tool) string {
	if after != nil {
		return after.Project
	}
	return before.Project
}
