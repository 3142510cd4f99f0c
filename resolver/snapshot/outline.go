package snapshot

import (
	"cmp"
	"maps"
	"slices"
	"sync"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/reference"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
)

// outline is what a catalog says on one UTC day: every record without its
// facts. It is made once for a catalog and a day, so that a join costs look-ups
// and no parsing.
type outline struct {
	catalog    *chart.Catalog
	day        chart.Date
	records    []record // by short name
	removed    []record // of images whose lifecycle has ended, by short name
	tombstones map[string]*Tombstone
	stacks     map[string]*Stack
	guests     map[string]bool // repositories in tools' projects that lead to standard images
	// taken is worked out when a marker claims a name, which is rare.
	taken func() *taken
}

// record is one image of an outline.
type record struct {
	// image has everything but what facts say. It is never handed out.
	image Image
	// questions are about the image's own reference, then about its variants in
	// their order.
	questions []fact.Reference
}

func newOutline(catalog *chart.Catalog, day chart.Date) *outline {
	o := &outline{
		catalog: catalog, day: day,
		records:    make([]record, 0, len(catalog.Images)),
		tombstones: map[string]*Tombstone{},
		stacks:     stacksOn(catalog.Stacks, day),
	}
	o.taken = sync.OnceValue(o.names)
	for _, name := range sortedKeys(catalog.Images) {
		if o.gone(name) {
			o.bury(name)
			o.removed = append(o.removed, o.record(name))
		} else {
			o.records = append(o.records, o.record(name))
		}
	}
	o.guests = o.findGuests()
	for name, t := range catalog.Tombstones {
		o.tombstones[name] = &Tombstone{ShortName: name, Date: t.Date, Reason: t.Reason, ReplacedBy: o.successor(name)}
	}
	return o
}

// gone tells whether the day of an entry's removal has come.
func (o *outline) gone(name string) bool {
	day := o.catalog.Images[name].Lifecycle.Removed
	return day != "" && o.day >= day
}

// bury makes the tombstone of an entry whose lifecycle has ended. Its aliases
// lead there too: whoever asks by one of them should learn what to use instead.
func (o *outline) bury(name string) {
	entry := o.catalog.Images[name]
	t := &Tombstone{
		ShortName: name, Date: entry.Lifecycle.Removed, Reason: "its lifecycle ended", ReplacedBy: o.successor(name),
	}
	o.tombstones[name] = t
	for _, alias := range entry.Aliases {
		if o.tombstones[alias] == nil {
			o.tombstones[alias] = t
		}
	}
}

// successor follows replacedBy from name, and gives the last image on the way
// that is still there on this day; "" if there is none. Advice to use what was
// removed would be none.
func (o *outline) successor(name string) string {
	last := ""
	for seen := map[string]bool{name: true}; ; seen[name] = true {
		name = o.replacedBy(name)
		if name == "" || seen[name] {
			return last
		}
		if o.catalog.Images[name] != nil && !o.gone(name) {
			last = name
		}
	}
}

func (o *outline) replacedBy(name string) string {
	if e := o.catalog.Images[name]; e != nil {
		return e.ReplacedBy
	}
	if t := o.catalog.Tombstones[name]; t != nil {
		return t.ReplacedBy
	}
	return ""
}

func (o *outline) record(name string) record {
	entry := o.catalog.Images[name]
	r := record{image: Image{
		ShortName:          name,
		Type:               Standard,
		State:              entry.Lifecycle.On(entry.State, o.day),
		Aliases:            entry.Aliases,
		WebserviceDefaults: entry.WebserviceDefaults,
		Description:        entry.Description,
		Links:              entry.Links,
		ReplacedBy:         o.successor(name),
		Lifecycle:          entry.Lifecycle,
	}}
	r.image.Offer = r.offer(entry.Reference())
	for _, variant := range sortedKeys(entry.Variants) {
		v := entry.Variants[variant]
		r.image.Variants = append(r.image.Variants, Variant{Name: variant, Offer: r.offer(v.Image), Extra: v.Extra})
	}
	for _, text := range entry.Formerly {
		if former, err := reference.Parse(text); err == nil {
			r.image.Formerly = append(r.image.Formerly, former.WithDefaultTag())
		}
	}
	r.image.Notice = notice(&r.image, o.day)
	return r
}

// offer begins an offer, and notes what has to be asked for it. A digest that
// the catalog pins is known before anybody is asked.
func (r *record) offer(text string) Offer {
	// Validation has refused what does not parse; a catalog that is served has
	// none of it, and the zero question is answered by nobody.
	parsed, _ := reference.Parse(text)
	r.questions = append(r.questions, question(parsed))
	return Offer{Reference: parsed.WithDefaultTag(), Digest: parsed.Digest}
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
