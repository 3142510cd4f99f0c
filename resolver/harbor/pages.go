package harbor

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// attempts is how often a list is read before it is given up: its pages are
// asked for one after another, and it may change meanwhile.
const attempts = 2

// all reads all pages of a list, each row once. key tells rows apart.
//
// The rows that came must be as many as Harbor says there are. If not, because
// the list changed while it was read or because a page lies, it is read once
// more, and then given up as fault.Unreachable: rows may be missing.
func all[T any, K comparable](ctx context.Context, c *Client, l list[T], key func(*T) K) ([]T, error) {
	l.budget = newBudget(c.opts.MaxBytes)
	for range attempts {
		got, err := walk(ctx, c, l)
		if err != nil {
			return nil, err
		}
		unique := distinct(got.rows, key)
		if got.whole && len(unique)+got.leftOut == got.total {
			return unique, nil
		}
	}
	return nil, l.failed(c.ep.Host(), foreign("its pages do not add up to the number of rows that it tells"))
}

// walked is what the pages of a list held, once through.
type walked[T any] struct {
	rows    []T
	leftOut int // rows that were sent and are not in rows
	total   int // as the last page had it
	// whole tells that no row can have been missed: no page was short, and the
	// total never fell. (Lists are in an order in which new rows move none, or
	// their shifting shows as a row that comes twice.)
	whole bool
}

// walk asks for the first page, and then for as many at a time as it may. A list
// has more time the longer it says that it is, which MaxPages bounds.
func walk[T any](ctx context.Context, c *Client, l list[T]) (*walked[T], error) {
	called, cancel := c.call(ctx)
	first, err := page(called, c, l, 1)
	cancel()
	if err != nil {
		return nil, err
	}
	w := &walked[T]{total: first.total, whole: true}
	w.add(1, first)
	ctx, cancel = context.WithTimeout(ctx, c.opts.Timeout+time.Duration(min(w.lastPage(), c.opts.MaxPages))*c.opts.PageTime)
	defer cancel()
	for next := 2; w.more(next); {
		if last := w.lastPage(); last > c.opts.MaxPages {
			return nil, l.failed(c.ep.Host(), fault.New(fault.TooLarge, "", "", "the list has %d pages, more than %d", last, c.opts.MaxPages))
		}
		pages, err := together(ctx, c, l, next, min(c.opts.Parallel, w.lastPage()-next+1))
		if err != nil {
			return nil, err
		}
		for i, p := range pages {
			w.add(next+i, p)
		}
		next += len(pages)
	}
	return w, nil
}

// together asks for n pages at a time.
func together[T any](ctx context.Context, c *Client, l list[T], from, n int) ([]answer[T], error) {
	pages := make([]answer[T], n)
	group, ctx := errgroup.WithContext(ctx)
	for i := range pages {
		group.Go(func() (err error) {
			pages[i], err = page(ctx, c, l, from+i)
			return err
		})
	}
	return pages, group.Wait()
}

func (w *walked[T]) lastPage() int { return (w.total + PageSize - 1) / PageSize }

// more tells whether a page is worth asking for: after a short one, what follows
// is not to be had.
func (w *walked[T]) more(page int) bool { return w.whole && page <= w.lastPage() }

func (w *walked[T]) add(number int, p answer[T]) {
	if p.total < w.total || p.sent != min(PageSize, max(p.total-(number-1)*PageSize, 0)) {
		w.whole = false
	}
	w.total = p.total
	w.leftOut += p.sent - len(p.rows)
	if w.rows == nil { // most lists have one page
		w.rows = p.rows
		return
	}
	w.rows = append(w.rows, p.rows...)
}

// distinct gives the rows without those that came twice because they moved from one
// page to the next.
func distinct[T any, K comparable](rows []T, key func(*T) K) []T {
	if len(rows) < 2 {
		return rows
	}
	seen := make(map[K]struct{}, len(rows))
	out := rows[:0]
	for i := range rows {
		k := key(&rows[i])
		if _, twice := seen[k]; !twice {
			seen[k] = struct{}{}
			out = append(out, rows[i])
		}
	}
	return out
}
