package compare

import (
	"maps"
	"slices"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/strictyaml"
)

// meanings tells the image that each name and alias of a catalog means.
type meanings map[string]string

func meaningsOf(c *chart.Catalog) meanings {
	m := meanings{}
	for _, name := range slices.Sorted(maps.Keys(c.Images)) {
		for _, alias := range c.Images[name].Aliases {
			if m[alias] == "" { // a valid catalog has one owner
				m[alias] = name
			}
		}
	}
	for name := range c.Images {
		m[name] = name
	}
	return m
}

// images compares every name that one of the catalogs has.
func (c *comparison) images() {
	for _, name := range bothKeys(c.from.Images, c.to.Images) {
		before, now := c.from.Images[name], c.to.Images[name]
		switch {
		case before == nil && c.former[name] == "":
			c.added(name, now)
		case before == nil:
			c.entry(name, c.former[name], now)
		case now == nil:
			c.gone(name, before)
		default:
			c.entry(name, name, now)
		}
	}
}

// predecessors gives, for each image that is new, the name under which the old
// catalog had it: the first of those that are gone and its aliases now. One that
// is really new has none.
func (c *comparison) predecessors() map[string]string {
	former := map[string]string{}
	for name, now := range c.to.Images {
		if c.from.Images[name] != nil {
			continue
		}
		for _, alias := range now.Aliases {
			if c.from.Images[alias] == nil || c.to.Images[alias] != nil || c.after[alias] != name {
				continue
			}
			if first := former[name]; first == "" || alias < first {
				former[name] = alias
			}
		}
	}
	return former
}

func (c *comparison) added(name string, now *chart.Entry) {
	change := Change{Kind: KindImageAdded, Image: name, Path: at(name), New: now.Reference()}
	v := safe("a new name takes nothing from anybody")
	if t := c.from.Tombstones[name]; t != nil {
		change.Kind, change.Old = KindImageRestored, *t
		v.whySafe = "a name that was removed means an image again"
	}
	if trouble := webserviceTrouble(now); trouble != "" {
		v.breaks(trouble)
	}
	c.add(v.on(change))
	// An alias that comes from another image is that image's change.
}

// gone reports a name that is no image any more.
func (c *comparison) gone(name string, before *chart.Entry) {
	if now := c.after[name]; now != "" {
		c.renamed(name, before, now)
		if c.former[now] == name {
			return // its aliases are compared with those of its new name
		}
		c.orphans(name, before)
		return
	}
	change := Change{Kind: KindImageRemoved, Image: name, Path: at(name), Old: before.Reference()}
	v := safe("")
	v.breaks("jobs that name it find no image any more, and cannot be started or loaded")
	if before.Variants[chart.VariantWebservice] != nil {
		v.breaks(webserviceGone(name))
	}
	if t := c.to.Tombstones[name]; t != nil {
		change.Kind, change.New, change.Path = KindImageTombstoned, *t, strictyaml.Keys("tombstones", name).String()
	} else {
		v.breaks("no tombstone says what replaces it: write one")
	}
	c.add(v.on(change))
	c.orphans(name, before)
}

// orphans reports what becomes of the aliases of an image that is gone.
func (c *comparison) orphans(name string, before *chart.Entry) {
	for _, alias := range before.Aliases {
		if c.before[alias] != name {
			continue // only in a catalog that validation refuses
		}
		if now := c.after[alias]; now != "" {
			c.moved(name, before, alias, now)
		} else {
			c.aliasRemoved(name, alias)
		}
	}
}

func (c *comparison) renamed(name string, before *chart.Entry, now string) {
	v := safe("jobs that name it find the image by its alias, and run what they ran")
	if parts := movedParts(before.Reference(), c.to.Images[now].Reference()); len(parts) > 0 && c.former[now] != name {
		v.breaks("jobs that name it silently run another reference from their next start on: " + c.to.Images[now].Reference())
	}
	if before.Variants[chart.VariantWebservice] != nil {
		v.breaks(webserviceGone(name))
	}
	c.add(v.on(Change{Kind: KindImageRenamed, Image: name, Path: at(name), Old: name, New: now}))
}

// aliases compares the other names of an image that had the name was.
func (c *comparison) aliases(name, was string, before, now *chart.Entry) {
	had, has := setOf(before.Aliases), setOf(now.Aliases)
	for _, alias := range before.Aliases {
		switch meant := c.after[alias]; {
		case has[alias] && meant == name:
		case c.before[alias] != was: // only in a catalog that validation refuses
		case meant == "":
			c.aliasRemoved(name, alias)
		case meant != name:
			c.moved(name, before, alias, meant)
		case was == name: // it is the image's own name
			c.add(safe("it is the image's own name, which goes on to mean it").
				on(Change{Kind: KindAliasRemoved, Image: name, Path: at(name, "aliases"), Alias: alias, Old: name}))
		}
	}
	for _, alias := range now.Aliases {
		// One that another image had is that image's change.
		if meant := c.before[alias]; !had[alias] && (meant == "" || alias == name) {
			c.add(safe("one more name for it takes nothing from anybody").
				on(Change{Kind: KindAliasAdded, Image: name, Path: at(name, "aliases"), Alias: alias, New: name}))
		}
	}
	if !slices.Equal(before.Aliases, now.Aliases) && slices.Equal(sorted(before.Aliases), sorted(now.Aliases)) {
		c.add(safe("the same names in another order; `toolforge jobs load` may recreate jobs where it compares aliases as a list").
			on(Change{Kind: KindAliasesReordered, Image: name, Path: at(name, "aliases"), Old: before.Aliases, New: now.Aliases}))
	}
}

func (c *comparison) aliasRemoved(name, alias string) {
	v := safe("")
	v.breaks("stored jobs that name it find no image any more")
	c.add(v.on(Change{Kind: KindAliasRemoved, Image: name, Path: at(name, "aliases"), Alias: alias, Old: name}))
}

// moved reports an alias that means another image now.
func (c *comparison) moved(name string, before *chart.Entry, alias, now string) {
	v := safe("jobs that name it run what they ran: the other image is the same reference")
	if reference := c.to.Images[now].Reference(); len(movedParts(before.Reference(), reference)) > 0 {
		v.breaks("jobs that name it silently run another reference from their next start on: " + reference)
	}
	path := at(now, "aliases")
	if now == alias {
		path = at(now)
	}
	c.add(v.on(Change{Kind: KindAliasMoved, Image: name, Path: path, Alias: alias, Old: name, New: now}))
}

func setOf(words []string) map[string]bool {
	set := make(map[string]bool, len(words))
	for _, word := range words {
		set[word] = true
	}
	return set
}

func sorted(words []string) []string { return slices.Sorted(slices.Values(words)) }

// hostsOf gives the registries that a catalog names.
func hostsOf(c *chart.Catalog) map[string]bool {
	hosts := map[string]bool{}
	note := func(reference string) {
		host, _, _ := strings.Cut(reference, "/")
		hosts[host] = true
	}
	for _, e := range c.Images {
		note(e.Image)
		for _, v := range e.Variants {
			note(v.Image)
		}
	}
	return hosts
}
