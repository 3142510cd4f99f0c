package harbor

import (
	"context"
	"time"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// Repository is one repository, as its lists tell it.
type Repository struct {
	ID        int64
	ProjectID int64
	// Name is whole: project, slash, name, which may hold more slashes.
	Name string
	// ArtifactCount counts untagged artifacts too, but neither accessories nor
	// the children of an index.
	ArtifactCount int64
	PullCount     int64
	// UpdateTime changes with every push, tag and deletion in it, and up to 10 s
	// after a pull; not with labels. The list shows a change only once its
	// transaction is committed, up to 120 ms after this stamp in the recordings:
	// look again with some seconds of overlap. (Measured on Harbor 2.15.2; on
	// older ones it may not follow pushes.)
	UpdateTime time.Time
	// CreationTime is when the first push made it.
	CreationTime time.Time
}

// Page is one page of repositories.
type Page struct {
	// Rows are at most [PageSize]; fewer than Harbor sent if it has names that
	// Harbor cannot give.
	Rows []Repository
	// Total counts all repositories that we may see, on all pages. It falls when
	// one is deleted, or its project turns private.
	Total int
}

// RecentRepositories gives one page (the first is 1) of all repositories that we
// may see, the newest update first: one request. It is not filtered by time, so
// that Total counts all of them (with a filter it counts matches).
func (c *Client) RecentRepositories(ctx context.Context, number int) (Page, error) {
	ctx, cancel := c.call(ctx)
	defer cancel()
	l := repositories("list the newest repositories of Harbor", "-update_time")
	if number < 1 || number > c.opts.MaxPages {
		return Page{}, l.failed(c.ep.Host(), fault.New(fault.Usage, "", "", "page %d is not one of 1 to %d", number, c.opts.MaxPages))
	}
	a, err := page(ctx, c, l, number)
	if err != nil {
		return Page{}, err
	}
	return Page{Rows: a.rows, Total: a.total}, nil
}

// AllRepositories lists all repositories that we may see, all pages.
//
// They are asked for in the order of their creation. In that of their updates a
// row that changes moves to a page that was read already, and would be missed;
// by creation a change moves nothing and a new one comes last. A deletion moves
// the rows behind it to earlier pages, and one may be missed: it shows in
// X-Total-Count, which falls, and the pages around are read again. So all that are
// there from the first page to the last are in the list, in the order of their
// creation but for those that moved; some may be in it that were deleted meanwhile.
// What stays unseen is a deletion and a creation between the same two pages:
// whoever takes a missing row for a deleted repository should ask for its artifacts
// first.
func (c *Client) AllRepositories(ctx context.Context) ([]Repository, error) {
	return all(ctx, c, repositories("list the repositories of Harbor", "creation_time"),
		func(r *Repository) int64 { return r.ID })
}

// ProjectRepositories lists the repositories of one project that we may see, all
// pages, as [Client.AllRepositories]. It is open to all for a public project.
// fault.NotFound: the project is not there, or not for us to see.
func (c *Client) ProjectRepositories(ctx context.Context, project string) ([]Repository, error) {
	path, err := projectPath(project)
	if err != nil {
		return nil, err
	}
	l := repositories("list the repositories of a project of Harbor", "creation_time")
	l.project, l.path = project, path+"/repositories"
	return all(ctx, c, l, func(r *Repository) int64 { return r.ID })
}

func repositories(op, sort string) list[Repository] {
	return list[Repository]{
		question: question{op: op, path: apiRoot + "repositories", query: "sort=" + sort},
		read:     readRepository,
		// Whoever takes a row for a repository asks for what it holds.
		mayHoldGone: true,
	}
}

func readRepository(r *reader, row *Repository) bool {
	r.object(func(key []byte) {
		switch string(key) {
		case "id":
			row.ID = r.count()
		case "project_id":
			row.ProjectID = r.count()
		case "name":
			row.Name = r.text()
		case "artifact_count":
			row.ArtifactCount = r.count()
		case "pull_count":
			row.PullCount = r.count()
		case "update_time":
			row.UpdateTime = r.time()
		case "creation_time":
			row.CreationTime = r.time()
		default:
			r.skip()
		}
	})
	if r.err == nil && (row.ID == 0 || row.Name == "" || row.UpdateTime.IsZero()) {
		r.wrong("a repository has no id, no name or no update time")
	}
	return ValidRepository(row.Name)
}
