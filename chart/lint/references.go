package lint

import (
	"slices"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
)

// webserviceTag looks for a tag where the webservice command appends one.
func (l *linter) webserviceTag() {
	for _, o := range l.offered {
		if o.variant == chart.VariantWebservice && o.ref.Tag != "" && o.ref.Digest == "" {
			l.say(o.path, "the webservice command makes %s:latest of this: leave :%s out", o.ref, o.ref.Tag)
		}
	}
}

// digestInReference looks for digests where the two known consumers read.
func (l *linter) digestInReference() {
	for _, o := range l.offered {
		if o.ref.Digest == "" {
			continue
		}
		switch o.variant {
		case chart.VariantWebservice:
			l.say(o.path, "the webservice command appends :latest to the digest: leave the digest out")
		case "", chart.VariantJobs:
			l.say(o.path, "jobs-api takes the digest for a part of the tag: leave the digest out")
		}
	}
}

// hostNotAllowed looks for registries that are not among the allowed ones.
func (l *linter) hostNotAllowed() {
	if len(l.opts.AllowedHosts) == 0 {
		return
	}
	for _, o := range l.offered {
		if !slices.ContainsFunc(l.opts.AllowedHosts, func(host string) bool { return strings.EqualFold(host, o.ref.Host) }) {
			l.say(o.path, "%s is not among the hosts that images may come from (%s)", o.ref.Host, strings.Join(l.opts.AllowedHosts, ", "))
		}
	}
}

// flatImageMissing looks for entries without image beside others that have it.
// A catalog without any is of the time before.
func (l *linter) flatImageMissing() {
	entries := l.images
	has := func(n named) bool { return n.entry.Image != "" }
	if !slices.ContainsFunc(entries, has) {
		return
	}
	for _, n := range entries {
		if !has(n) && l.root.Get("images").Get(n.name).Get("image") == nil {
			l.say(n.at(), "%s has no image of its own, which other entries have: jobs-api passes over it", n.name)
		}
	}
}
