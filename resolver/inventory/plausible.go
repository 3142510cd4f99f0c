package inventory

import (
	"time"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbor"
)

const (
	// fewRepositories is how many repositories there must have been for the loss
	// of most to be implausible: of fewer, somebody may well have deleted most.
	fewRepositories = 20
	// fewPrivate is the same for projects that are private.
	fewPrivate = 4
)

// plausible refuses a listing that lost most of what there was, until it has
// said so for [Options.Doubt]: an empty database behind a healthy front looks
// like that. So does, if it is most of the private projects that went, an
// account that lost its rights: Harbor says no more than that they are not ours
// to see.
func (i *Inventory) plausible(base *View, rows []harbor.Repository) error {
	had := i.book.expected(base)
	secret, left := privateLeft(base, rows)
	all := had >= fewRepositories && 2*len(rows) < had
	rights := secret >= fewPrivate && 2*left < secret
	if !i.book.swept && !i.book.recalled || !all && !rights {
		i.book.doubted = time.Time{}
		return nil
	}
	now := i.opts.Now()
	if i.book.doubted.IsZero() {
		i.book.doubted = now
	}
	if now.Sub(i.book.doubted) >= i.opts.Doubt {
		i.book.doubted = time.Time{}
		return nil
	}
	err := fault.New(fault.Refused, "ask harbor", "", "it lists %d repositories and had %d: not believed before it has said so for %v", len(rows), had, i.opts.Doubt)
	if rights && !all {
		err = fault.New(fault.Refused, "ask harbor", "", "it shows %d private projects and had %d: not believed before it has said so for %v", left, secret, i.opts.Doubt)
	}
	return err.WithHint("if they were deleted on purpose, this goes by itself; else look at Harbor's database and at our account's rights")
}

// privateLeft counts the projects that were private, and those of them that a
// listing still has.
func privateLeft(base *View, rows []harbor.Repository) (had, left int) {
	listed := map[string]bool{}
	base.walk(func(t *Tool) {
		if t.Private && !t.unproved {
			had++
			listed[t.Project] = false
		}
	})
	for _, r := range rows {
		project, _ := harbor.SplitName(r.Name)
		if seen, private := listed[project]; private && !seen {
			listed[project] = true
			left++
		}
	}
	return had, left
}
