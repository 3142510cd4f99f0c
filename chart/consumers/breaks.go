package consumers

import (
	"fmt"
	"slices"
)

// Kind is what breaks for a consumer.
type Kind string

// The kinds, the gravest first.
const (
	// KindFails: the consumer fails as a whole.
	KindFails Kind = "fails"
	// KindDefault: what it starts by default cannot be started.
	KindDefault Kind = "default"
	// KindLost: an image that it had is not there any more.
	KindLost Kind = "lost"
	// KindUnusable: the reference that it makes cannot be pulled.
	KindUnusable Kind = "unusable"
	// KindSpelling: a spelling leads nowhere now, or to another image.
	KindSpelling Kind = "spelling"
)

// Break is something that worked before and does not now.
type Break struct {
	// Name is what it can be allowed by: CONSUMER/KIND, and for one image or
	// spelling /WORD behind it.
	Name     string `json:"name"`
	Consumer string `json:"consumer"`
	Kind     Kind   `json:"kind"`
	// Subject is the short name of an image, or a spelling; may be empty.
	Subject string `json:"subject,omitempty"`
	Message string `json:"message"`
}

// Breaks compares what consumers make of two documents and gives what worked
// before and does not now, by consumer and then the gravest first. That a
// consumer which failed before still does is none; nor is that an image is not
// listed any more, which deprecating it is meant to do.
func Breaks(before, after Result) []Break {
	var out []Break
	for i := range after.Readings {
		now := &after.Readings[i]
		if then := before.Reading(now.Name); then != nil && then.Loads {
			out = append(out, broken(then, now)...)
		}
	}
	return out
}

// Faults gives what is broken in one result, whatever was before: consumers that
// fail, what they cannot start, and images that one generation of a consumer has
// and the next passes over.
func Faults(r Result) []Break {
	var out []Break
	for i := range r.Readings {
		now := &r.Readings[i]
		b := breaker{now: now}
		switch {
		case !now.Loads:
			b.add(KindFails, "", "%s", now.Fails.Message)
		default:
			b.defaults()
			b.lost(r.Reading(earlier[now.Name]))
			b.unusable(nil)
		}
		out = append(out, b.out...)
	}
	return out
}

// earlier names the generation before a consumer.
var earlier = map[string]string{"jobs-api-2026-05": "jobs-api-2022-11"}

// Allow takes out what is allowed by name, and gives the names that allowed
// nothing.
func Allow(breaks []Break, names []string) (left []Break, unused []string) {
	for _, b := range breaks {
		if !slices.Contains(names, b.Name) {
			left = append(left, b)
		}
	}
	for _, name := range names {
		if !slices.ContainsFunc(breaks, func(b Break) bool { return b.Name == name }) {
			unused = append(unused, name)
		}
	}
	return left, unused
}

func broken(then, now *Reading) []Break {
	b := breaker{now: now}
	if !now.Loads {
		b.add(KindFails, "", "%s", now.Fails.Message)
		return b.out
	}
	if then.Default != nil && then.Default.Starts {
		b.defaults()
	}
	b.lost(then)
	b.unusable(then)
	b.spellings(then)
	return b.out
}

// breaker collects breaks of one consumer.
type breaker struct {
	now *Reading
	out []Break
}

func (b *breaker) add(kind Kind, subject, format string, args ...any) {
	name := b.now.Name + "/" + string(kind)
	if subject != "" {
		name += "/" + subject
	}
	b.out = append(b.out, Break{Name: name, Consumer: b.now.Name, Kind: kind, Subject: subject, Message: fmt.Sprintf(format, args...)})
}

// defaults looks for a default that does not start.
func (b *breaker) defaults() {
	if d := b.now.Default; d != nil && !d.Starts {
		b.add(KindDefault, "", "a plain start fails: there is no %s with a variant for it", d.ShortName)
	}
}

// lost looks for images that another reading has.
func (b *breaker) lost(then *Reading) {
	if then == nil || !then.Loads {
		return
	}
	for _, image := range then.Images {
		if b.now.Image(image.ShortName) != nil || b.now.Resolve(image.ShortName) != nil {
			continue // a renamed image still answers to its old name
		}
		reason := "it is not in the catalog"
		for _, s := range b.now.Skipped {
			if s.ShortName == image.ShortName {
				reason = s.Reason
			}
		}
		b.add(KindLost, image.ShortName, "%s is lost: %s", image.ShortName, reason)
	}
}

// unusable looks for references that cannot be pulled and, where then is given,
// could be before.
func (b *breaker) unusable(then *Reading) {
	for _, image := range b.now.Images {
		if image.Problem == "" {
			continue
		}
		if then != nil {
			if before := then.Image(image.ShortName); before == nil || before.Problem != "" {
				continue
			}
		}
		b.add(KindUnusable, image.ShortName, "%s is %s: %s", image.ShortName, image.Image, image.Problem)
	}
}

// spellings looks for those that lead nowhere now, or to an image with another
// reference. What leads to the same one under another name is a rename.
func (b *breaker) spellings(then *Reading) {
	leads := map[string]*Image{}
	for i := range b.now.Images {
		for _, s := range b.now.Images[i].Spellings {
			leads[s] = &b.now.Images[i]
		}
	}
	for _, image := range then.Images {
		for _, s := range image.Spellings {
			switch now := leads[s]; {
			case now == nil && s == image.ShortName:
				// It is lost, which has been said.
			case now == nil:
				b.add(KindSpelling, s, "%s led to %s and leads nowhere", s, image.ShortName)
			case now.ShortName != image.ShortName && now.Image != image.Image:
				b.add(KindSpelling, s, "%s led to %s and leads to %s", s, image.ShortName, now.ShortName)
			}
		}
	}
}
