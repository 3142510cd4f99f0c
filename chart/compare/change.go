package compare

import "strings"

// Kind is one kind of change. More may come.
type Kind string

// The kinds of change.
const (
	KindFormat Kind = "format-changed"

	KindImageAdded      Kind = "image-added"
	KindImageRestored   Kind = "image-restored"   // a tombstone is an image again
	KindImageRemoved    Kind = "image-removed"    // and nothing is left of it
	KindImageTombstoned Kind = "image-tombstoned" // removed, and a tombstone says so
	KindImageRenamed    Kind = "image-renamed"    // the name is another image's alias now

	KindAliasAdded       Kind = "alias-added"
	KindAliasRemoved     Kind = "alias-removed"
	KindAliasMoved       Kind = "alias-moved" // it means another image now
	KindAliasesReordered Kind = "aliases-reordered"

	KindState     Kind = "state-changed"
	KindLifecycle Kind = "lifecycle-changed"

	KindReferenceAdded   Kind = "reference-added"   // the flat image
	KindReferenceRemoved Kind = "reference-removed" // the flat image
	KindReferenceMoved   Kind = "reference-moved"   // the flat image, or a variant's

	KindVariantsAdded   Kind = "variants-added"   // the key
	KindVariantsRemoved Kind = "variants-removed" // the key
	KindVariantAdded    Kind = "variant-added"
	KindVariantRemoved  Kind = "variant-removed"

	KindExtra    Kind = "extra-changed"
	KindDefaults Kind = "webservice-defaults-changed"

	KindReplacedBy      Kind = "replaced-by-changed"
	KindFormerlyAdded   Kind = "formerly-added"
	KindFormerlyRemoved Kind = "formerly-removed"
	KindDescription     Kind = "description-changed"
	KindLinks           Kind = "links-changed"

	KindTombstoneAdded   Kind = "tombstone-added" // for a name that was no image before
	KindTombstoneChanged Kind = "tombstone-changed"
	KindTombstoneRemoved Kind = "tombstone-removed"

	KindStackAdded   Kind = "stack-added"
	KindStackChanged Kind = "stack-changed"
	KindStackRemoved Kind = "stack-removed"
)

// Part is a part of an image reference.
type Part string

// The parts of a reference.
const (
	PartHost   Part = "host"
	PartPath   Part = "path"
	PartTag    Part = "tag"
	PartDigest Part = "digest"
)

// Change is one thing that another catalog says differently.
type Change struct {
	Kind Kind `json:"kind"`
	// Image is a short name: the old catalog's where the image, or an alias of
	// it, goes, else the new one's. It is "" where no image is concerned. A
	// tombstone is of an image too.
	Image string `json:"image,omitempty"`
	// Alias is the alias that is concerned, else "".
	Alias string `json:"alias,omitempty"`
	// Stack is the name of the stack that is concerned, else "".
	Stack string `json:"stack,omitempty"`
	// Path is the place in values.yaml, as jq writes it.
	Path string `json:"path"`
	// Parts are the parts of a reference that are written differently, in the
	// order of a reference; nil for other kinds.
	Parts []Part `json:"parts,omitempty"`
	// Old and New are what the catalogs say: text, or what encodes to a JSON
	// list or object; nil where one says nothing. Of an alias they are the
	// images that it means.
	Old any `json:"old,omitempty"`
	New any `json:"new,omitempty"`
	// Breaking tells that something which worked may stop, or run another thing.
	Breaking bool `json:"breaking"`
	// Reason says why, in words for the catalog's maintainer.
	Reason string `json:"reason"`
}

// Changes are all that changes, in order.
type Changes []Change

// Breaking gives the changes that break somebody.
func (cs Changes) Breaking() Changes { return cs.only(true) }

// Safe gives the others.
func (cs Changes) Safe() Changes { return cs.only(false) }

func (cs Changes) only(breaking bool) Changes {
	out := Changes{}
	for _, c := range cs {
		if c.Breaking == breaking {
			out = append(out, c)
		}
	}
	return out
}

// verdict is a judgement in the making: safe for a reason, until something
// breaks.
type verdict struct {
	whySafe string
	broken  []string
}

func safe(why string) *verdict { return &verdict{whySafe: why} }

// breaks adds a reason for which it is not safe.
func (v *verdict) breaks(why string) { v.broken = append(v.broken, why) }

// on gives the change with the judgement.
func (v *verdict) on(c Change) Change {
	c.Breaking, c.Reason = len(v.broken) > 0, v.whySafe
	if c.Breaking {
		c.Reason = strings.Join(v.broken, "; ")
	}
	return c
}
