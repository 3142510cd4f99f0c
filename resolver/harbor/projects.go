package harbor

import (
	"context"
	"strconv"
)

// Project is one project.
type Project struct {
	ID   int64
	Name string
	// Public tells that anyone may see it and pull from it.
	Public bool
}

// ProjectFilter chooses projects. The zero value chooses all.
type ProjectFilter struct {
	// Public chooses only public or only private projects; nil chooses both.
	Public *bool
}

// Projects lists the projects that we may see, all pages: the public ones, and
// of the private ones those that the credential has rights to. Projects whose
// names Harbor cannot give are left out, and some may be in it that were deleted,
// or chosen no longer, while it was read. with_detail must be true: without it
// Harbor does not tell which are public (recording projects.with_detail-false).
func (c *Client) Projects(ctx context.Context, filter ProjectFilter) ([]Project, error) {
	query := ""
	if filter.Public != nil {
		query = "public=" + strconv.FormatBool(*filter.Public)
	}
	return all(ctx, c, list[Project]{
		question: question{op: "list the projects of Harbor", path: apiRoot + "projects", query: query},
		read:     readProject,
		// One that is gone, or public by now, is private for a round more.
		mayHoldGone: true,
	}, func(p *Project) int64 { return p.ID })
}

func readProject(r *reader, p *Project) bool {
	r.object(func(key []byte) {
		switch string(key) {
		case "project_id":
			p.ID = r.count()
		case "name":
			p.Name = r.text()
		case "metadata":
			r.fields(func(key []byte) {
				if string(key) == "public" {
					p.Public = r.hint() == "true"
				} else {
					r.skip()
				}
			})
		default:
			r.skip()
		}
	})
	if r.err == nil && (p.ID == 0 || p.Name == "") {
		r.wrong("a project has no id or no name")
	}
	return ValidProject(p.Name)
}
