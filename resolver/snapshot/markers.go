package snapshot

import (
	"maps"
	"slices"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/marker"
)

// addition is what markers add to what the catalog says of a standard image. It
// is immutable; nil for nothing.
type addition struct {
	aliases []string
	extras  []words // of each variant, in their order
}

// words are what markers say of how a web service is run; "" for nothing.
type words struct{ resources, wstype string }

func (a *addition) equal(other *addition) bool {
	if a == nil || other == nil {
		return a == other
	}
	return slices.Equal(a.aliases, other.aliases) && slices.Equal(a.extras, other.extras)
}

// additions gives what markers add to the records of an outline, by the place of
// the record. A state is not among it: the catalog always has one, and wins. Nor
// is what stands in a tool's project: its owners could take names of the platform.
func (o *outline) additions(facts Facts) map[int]*addition {
	var out map[int]*addition
	add := func(i int) *addition {
		if out[i] == nil {
			if out == nil {
				out = map[int]*addition{}
			}
			out[i] = &addition{extras: make([]words, len(o.records[i].image.Variants))}
		}
		return out[i]
	}
	var claims []marker.Claim
	for i := range o.records {
		r := &o.records[i]
		for n, q := range r.questions {
			repository, _ := facts.Repository(q.Host, q.Repository)
			if repository.Marks == nil || o.guests[q.Repository] { // a tool's owners speak for what they built alone
				continue
			}
			said := words{resources: repository.Marks.Resources, wstype: repository.Marks.WSType}
			if n > 0 && r.image.Variants[n-1].lacks(said) {
				add(i).extras[n-1] = said
			}
			claims = append(claims, o.claims(r, repository)...)
		}
	}
	for _, c := range marker.Settle(claims) {
		i := o.place(c.By)
		add(i).aliases = append(add(i).aliases, c.Name)
	}
	return out
}

// lacks tells whether a variant's extra has not all of the words already.
func (v *Variant) lacks(said words) bool {
	_, wstype := v.Extra[string(marker.WSType)]
	_, resources := v.Extra[string(marker.Resources)]
	return said.wstype != "" && !wstype || said.resources != "" && !resources
}

// claims gives the names that a repository claims for a record and that nobody
// has.
func (o *outline) claims(r *record, repository fact.Repository) []marker.Claim {
	var out []marker.Claim
	for _, alias := range repository.Marks.Aliases {
		if o.taken().isFree(alias.Name, r.image.ShortName) {
			out = append(out, marker.Claim{Alias: alias, By: r.image.ShortName})
		}
	}
	return out
}

// place finds a record that there is.
func (o *outline) place(shortName string) int {
	at, _ := slices.BinarySearchFunc(o.records, shortName, func(r record, name string) int {
		return strings.Compare(r.image.ShortName, name)
	})
	return at
}

// to adds the aliases behind the catalog's, and to each variant's extra what the
// catalog does not say.
func (a *addition) to(image *Image) {
	if a == nil {
		return
	}
	image.added = a
	if len(a.aliases) > 0 {
		image.Marked = append(image.Marked, Marked{Kind: marker.Aliases, Alone: len(image.Aliases) == 0})
		image.Aliases = slices.Concat(image.Aliases, a.aliases)
	}
	for _, kind := range []marker.Kind{marker.Resources, marker.WSType} {
		some, alone := false, true
		for n := range a.extras {
			v, word := &image.Variants[n], a.extras[n].of(kind)
			if _, said := v.Extra[string(kind)]; said {
				alone = false
			} else if word != "" {
				some = true
				v.Extra = maps.Clone(v.Extra)
				if v.Extra == nil {
					v.Extra = map[string]any{}
				}
				v.Extra[string(kind)] = word
			}
		}
		if some {
			image.Marked = append(image.Marked, Marked{Kind: kind, Alone: alone})
		}
	}
}

func (w words) of(kind marker.Kind) string {
	if kind == marker.WSType {
		return w.wstype
	}
	return w.resources
}

// mark puts what an owner's markers say into the record of a user-built image.
// The catalog says nothing of it, so that they have the word.
func (i *Image) mark(m *marker.Marks, aliases []string) {
	say := func(kind marker.Kind) { i.Marked = append(i.Marked, Marked{Kind: kind, Alone: true}) }
	if len(aliases) > 0 {
		i.Aliases = append(i.Aliases, aliases...)
		say(marker.Aliases)
	}
	extra := map[string]any{}
	if m.Resources != "" {
		extra[string(marker.Resources)] = m.Resources
		say(marker.Resources)
	}
	if m.State != "" {
		i.State = m.State
		say(marker.State)
	}
	if m.WSType != "" {
		extra[string(marker.WSType)] = m.WSType
		say(marker.WSType)
	}
	if len(extra) > 0 {
		i.Variants = []Variant{{Name: chart.VariantWebservice, Offer: i.Offer, Extra: extra}}
	}
}
