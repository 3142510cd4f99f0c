package compare

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/reference"
)

// flat compares the reference that newer consumers read.
func (c *comparison) flat(name string, before, now *chart.Entry) {
	if before.Image == now.Image {
		return
	}
	change := Change{Kind: KindReferenceMoved, Image: name, Path: at(name, "image"), Old: word(before.Image), New: word(now.Image)}
	v := safe("")
	switch {
	case now.Image == "":
		change.Kind = KindReferenceRemoved
		v.breaks("jobs-api passes over an image without it: it is gone from the list, and jobs that name it find nothing")
	case before.Image == "":
		change.Kind, change.Parts = KindReferenceAdded, writtenParts(before.Reference(), now.Image)
		v = c.jobsMove(name, before.Reference(), now)
	default:
		change.Parts = writtenParts(before.Image, now.Image)
		v = c.jobsMove(name, before.Image, now)
	}
	c.add(v.on(change))
}

// variants compares the flavours of an image.
func (c *comparison) variants(name string, before, now *chart.Entry) {
	switch {
	case before.Variants != nil && now.Variants == nil:
		v := safe("")
		v.breaks(webserviceTrouble(now))
		c.add(v.on(Change{Kind: KindVariantsRemoved, Image: name, Path: at(name, "variants"), Old: sortedVariants(before)}))
	case before.Variants == nil && now.Variants != nil:
		c.add(safe("webservice reads this key of every image").
			on(Change{Kind: KindVariantsAdded, Image: name, Path: at(name, "variants"), New: sortedVariants(now)}))
	}
	for _, variant := range bothKeys(before.Variants, now.Variants) {
		c.variant(name, variant, before, now)
	}
}

// sortedVariants gives the names of an image's variants, [] if it has none.
func sortedVariants(e *chart.Entry) []string {
	return append([]string{}, bothKeys(e.Variants, nil)...)
}

func (c *comparison) variant(name, variant string, before, now *chart.Entry) {
	was, is := before.Variants[variant], now.Variants[variant]
	change := Change{Image: name, Path: at(name, "variants", variant)}
	switch {
	case was == nil:
		change.Kind, change.New = KindVariantAdded, is.Image
		c.add(c.variantAdded(name, variant, before, now).on(change))
	case is == nil:
		change.Kind, change.Old = KindVariantRemoved, was.Image
		c.add(c.variantRemoved(name, variant, before, now).on(change))
	default:
		if was.Image != is.Image {
			change.Kind, change.Old, change.New = KindReferenceMoved, was.Image, is.Image
			change.Path, change.Parts = at(name, "variants", variant, "image"), writtenParts(was.Image, is.Image)
			c.add(c.variantMoved(name, variant, before, now).on(change))
		}
		c.extras(name, variant, was.Extra, is.Extra)
	}
}

func (c *comparison) variantAdded(name, variant string, before, now *chart.Entry) *verdict {
	v := safe("a new variant takes nothing from anybody")
	if jobsRead(variant, before, now) {
		v = c.jobsMove(name, before.Reference(), now)
	}
	if variant == chart.VariantWebservice {
		if trouble := webserviceTrouble(now); trouble != "" {
			v.breaks(trouble)
		}
		webserviceReference(v, now.Variants[variant].Image)
	}
	return v
}

func (c *comparison) variantRemoved(name, variant string, before, now *chart.Entry) *verdict {
	v := safe("jobs-api reads the flat image, and only one from before 2026-05 reads this variant")
	if jobsRead(variant, before, now) {
		v = c.jobsMove(name, before.Reference(), now)
	}
	switch variant {
	case chart.VariantWebservice:
		v.breaks(webserviceGone(name))
	case chart.VariantJobs:
	default:
		v.breaks("whoever reads this variant finds it no more")
	}
	return v
}

func (c *comparison) variantMoved(name, variant string, before, now *chart.Entry) *verdict {
	reference := now.Variants[variant].Image
	if jobsRead(variant, before, now) {
		return c.jobsMove(name, before.Reference(), now)
	}
	v := safe("whoever reads this variant gets the new reference")
	switch variant {
	case chart.VariantWebservice:
		v.whySafe = "a webservice runs the new reference from its next start on"
		webserviceReference(v, reference)
	case chart.VariantJobs:
		v.whySafe = "jobs-api reads the flat image, and only one from before 2026-05 reads this variant"
		return v
	}
	c.newHost(v, reference)
	return v
}

// jobsRead tells whether a variant is what jobs run, in either catalog, because
// there is no flat image.
func jobsRead(variant string, before, now *chart.Entry) bool {
	if before.Image != "" || now.Image != "" {
		return false
	}
	read := func(e *chart.Entry) bool {
		if e.Variants[chart.VariantJobs] != nil {
			return variant == chart.VariantJobs
		}
		names := sortedVariants(e)
		return len(names) > 0 && variant == names[0]
	}
	return read(before) || read(now)
}

// jobsMove judges another reference for what jobs run.
func (c *comparison) jobsMove(name, before string, now *chart.Entry) *verdict {
	to := now.Reference()
	v := safe("jobs go on to run the same reference")
	parts := movedParts(before, to)
	if len(parts) == 0 {
		return v
	}
	moved := make([]string, len(parts))
	for i, p := range parts {
		moved[i] = string(p)
	}
	v.breaks(fmt.Sprintf("jobs-api compares host, path and tag with running jobs, and the %s moved: jobs on it are out of sync until they are recreated", listed(moved)))
	c.newHost(v, to)
	if path := partsOf(before).Path; slices.Contains(parts, PartPath) && !c.stillMeans(name, path, before, now) {
		keep := "the old reference under formerly"
		if !strings.Contains(path, "/") { // an alias holds none
			keep = "the path as an alias, or " + keep
		}
		v.breaks("jobs that name it by its old path find nothing: keep " + keep)
	}
	if partsOf(to).Digest != "" {
		v.breaks("jobs-api takes a digest in the catalog for the end of the tag: leave it out")
	}
	return v
}

// stillMeans tells whether the path of a reference that moved still means the
// image, as an alias or as a former reference.
func (c *comparison) stillMeans(name, path, old string, now *chart.Entry) bool {
	if c.after[path] == name {
		return true
	}
	return slices.ContainsFunc(now.Formerly, func(former string) bool {
		return former == old || partsOf(former).Path == path
	})
}

// newHost warns of a registry that no image was in before.
func (c *comparison) newHost(v *verdict, to string) {
	if host := partsOf(to).Host; !c.hosts[host] {
		v.breaks(fmt.Sprintf("nothing came from %s before: images of a registry that the platform does not admit are listed and cannot start", host))
	}
}

// partsOf cuts a reference. What is none, which validation refuses, is a path.
func partsOf(text string) reference.Reference {
	parsed, err := reference.Parse(text)
	if err != nil {
		return reference.Reference{Path: text}
	}
	return parsed
}

// writtenParts gives the parts that are written differently.
func writtenParts(before, now string) []Part { return differing(partsOf(before), partsOf(now)) }

// movedParts gives the parts that differ to a reader of references, to whom no
// tag is the default tag.
func movedParts(before, now string) []Part {
	a, b := partsOf(before), partsOf(now)
	a.Tag, b.Tag = cmp.Or(a.Tag, reference.DefaultTag), cmp.Or(b.Tag, reference.DefaultTag)
	return differing(a, b)
}

func differing(a, b reference.Reference) []Part {
	var parts []Part
	for _, p := range []struct {
		part        Part
		before, now string
	}{{PartHost, a.Host, b.Host}, {PartPath, a.Path, b.Path}, {PartTag, a.Tag, b.Tag}, {PartDigest, a.Digest, b.Digest}} {
		if p.before != p.now {
			parts = append(parts, p.part)
		}
	}
	return parts
}
