package compare

import (
	"fmt"
	"slices"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
)

// entry compares an image that both catalogs have; the old one may have had it
// under another name.
func (c *comparison) entry(name, was string, now *chart.Entry) {
	before := c.from.Images[was]
	c.aliases(name, was, before, now)
	c.state(name, before, now)
	c.lifecycle(name, before.Lifecycle, now.Lifecycle)
	c.flat(name, before, now)
	c.variants(name, before, now)
	c.defaults(name, before.WebserviceDefaults, now.WebserviceDefaults)
	c.text(KindReplacedBy, name, "replacedBy", before.ReplacedBy, now.ReplacedBy, "only what people are told to use instead changes")
	c.formerly(name, before.Formerly, now.Formerly)
	c.text(KindDescription, name, "description", before.Description, now.Description, "words for people: nothing runs differently")
	if !slices.Equal(before.Links, now.Links) {
		c.add(safe("words for people: nothing runs differently").
			on(Change{Kind: KindLinks, Image: name, Path: at(name, "links"), Old: list(before.Links), New: list(now.Links)}))
	}
}

func (c *comparison) state(name string, before, now *chart.Entry) {
	if before.State == now.State {
		return
	}
	why := "jobs-api lists it now"
	switch {
	case now.State == chart.StateDeprecated:
		why = "what runs goes on; jobs-api's list no longer shows it, and webservice hides it and warns"
	case now.State != chart.StateStable:
		why = "what runs goes on; jobs-api's list shows only stable images, webservice offers it"
	case before.State == chart.StateDeprecated:
		why = "jobs-api lists it and webservice offers it again"
	}
	c.add(safe(why).on(Change{Kind: KindState, Image: name, Path: at(name, "state"), Old: before.State, New: now.State}))
}

// lifecycle judges dates. Only the last of them takes anything away.
func (c *comparison) lifecycle(name string, before, now chart.Lifecycle) {
	if before == now {
		return
	}
	v := safe("dates tell people and the endpoint what comes; the legacy view has none")
	if now.Removed != "" && (before.Removed == "" || now.Removed < before.Removed) {
		v.breaks(fmt.Sprintf("from %s on the endpoint answers that it was removed", now.Removed))
	}
	change := Change{Kind: KindLifecycle, Image: name, Path: at(name, "lifecycle")}
	if before != (chart.Lifecycle{}) {
		change.Old = before
	}
	if now != (chart.Lifecycle{}) {
		change.New = now
	}
	c.add(v.on(change))
}

func (c *comparison) formerly(name string, before, now []string) {
	had, has := setOf(before), setOf(now)
	for _, reference := range before {
		if !has[reference] {
			v := safe("")
			v.breaks("what names the image by this reference no longer means it")
			c.add(v.on(Change{Kind: KindFormerlyRemoved, Image: name, Path: at(name, "formerly"), Old: reference}))
		}
	}
	for _, reference := range now {
		if !had[reference] {
			c.add(safe("what names the image by this reference goes on to mean it").
				on(Change{Kind: KindFormerlyAdded, Image: name, Path: at(name, "formerly"), New: reference}))
		}
	}
}

// text reports a text that changes and breaks nobody.
func (c *comparison) text(kind Kind, name, key, before, now, why string) {
	if before == now {
		return
	}
	c.add(safe(why).on(Change{Kind: kind, Image: name, Path: at(name, key), Old: word(before), New: word(now)}))
}

// word gives nil for the text that is not there.
func word(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// list gives nil for the list that is not there.
func list[T any](items []T) any {
	if len(items) == 0 {
		return nil
	}
	return items
}
