package web

import (
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// Drift is the page of what needs somebody's hand.
type Drift struct {
	Frame
	Answer api.DriftAnswer
	// Link leads to an image's page, and gives "" where it has none.
	Link func(name string) string
}

// Template implements [Page].
func (*Drift) Template() string { return "drift" }

// shownDrift bounds what is listed for one reason.
const shownDrift = 200

// DriftGroup is what there is for one reason.
type DriftGroup struct {
	ID, Title, Means, Do string
	// Urgent is what somebody meets who starts an image today.
	Urgent  bool
	Entries []DriftRow
	// More counts those that are not shown.
	More int
}

// DriftRow is one disagreement.
type DriftRow struct {
	api.Drift
	// URL leads to the image's page; "" where it has none.
	URL string
}

// VariantNames writes them as people do.
func (r DriftRow) VariantNames() string { return strings.Join(r.Variants, ", ") }

// driftReasons are in the order in which they hurt.
var driftReasons = []DriftGroup{
	{
		ID: api.DriftRepositoryMissing, Title: "The repository is missing", Urgent: true,
		Means: "The catalog offers these images, and the registry has no such repository: nothing can start from them.",
		Do:    "Publish the image, or take it out of the catalog.",
	}, {
		ID: api.DriftTagMissing, Title: "The tag is missing", Urgent: true,
		Means: "The repository is there, and the tag that the catalog names is not: nothing can start from it.",
		Do:    "Publish the tag, or name another one in the catalog.",
	}, {
		ID: api.DriftDigestMissing, Title: "The pinned digest is missing", Urgent: true,
		Means: "The registry no longer has what the catalog pins: nothing can start from it.",
		Do:    "Pin a digest that is there.",
	}, {
		ID: api.DriftTagGone, Title: "The pinned digest has lost its tag",
		Means: "It is still there, but a clean-up of untagged images takes it next.",
		Do:    "Tag it again, or pin another one.",
	}, {
		ID: api.DriftTagMoved, Title: "The tag has moved on",
		Means: "The pinned digest is still there, and its tag names another one by now.",
		Do:    "Pin the new one, if it is meant.",
	}, {
		ID: api.DriftNotInCatalog, Title: "Nothing in the catalog names it",
		Means: "The repository is where all should be the catalog's, and no image of it is there.",
		Do:    "Add it to the catalog, or delete the repository.",
	}, {
		ID: api.DriftFormer, Title: "Only former references name it",
		Means: "Images have moved elsewhere; old jobs may still name this repository.",
		Do:    "Delete it once no job names it any more.",
	}, {
		ID: api.DriftRetired, Title: "The image was removed",
		Means: "The repository is of an image that the catalog has buried.",
		Do:    "Delete the repository.",
	},
}

// Groups gives what there is, by reason. A reason that is new to this page comes
// last, in its own words.
func (p *Drift) Groups() []DriftGroup {
	by := map[string][]DriftRow{}
	var order []string
	for _, d := range p.Answer.Drift {
		if by[d.Reason] == nil {
			order = append(order, d.Reason)
		}
		row := DriftRow{Drift: d}
		if d.Image != "" {
			row.URL = p.Link(d.Image)
		}
		by[d.Reason] = append(by[d.Reason], row)
	}
	var out []DriftGroup
	for _, g := range driftReasons {
		if rows := by[g.ID]; rows != nil {
			out = append(out, g.with(rows))
			delete(by, g.ID)
		}
	}
	for _, reason := range order {
		if rows := by[reason]; rows != nil {
			out = append(out, DriftGroup{ID: reason, Title: strings.ReplaceAll(reason, "_", " ")}.with(rows))
		}
	}
	return out
}

func (g DriftGroup) with(rows []DriftRow) DriftGroup {
	n := min(shownDrift, len(rows))
	g.Entries, g.More = rows[:n], len(rows)-n
	return g
}

// Count is how many there are of a group.
func (g DriftGroup) Count() int { return len(g.Entries) + g.More }
