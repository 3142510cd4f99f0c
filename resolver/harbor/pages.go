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

// manyMended is how many pages are read again even of a short list.
const manyMended = 100

// all reads all pages of a list, each row once. key tells rows apart.
//
// The rows that came must be as many as Harbor says there are, or, where the list
// may hold some that went meanwhile and did, as many at least. If not, because the
// list changed while it was read or because a page lies, it is read once more, and
// then given up as fault.Unreachable: rows may be missing.
func all[T any, K comparable](ctx context.Context, c *Client, l list[T], key func(*T) K) ([]T, error) {
	l.budget = newBudget(c.opts.MaxBytes)
	for range attempts {
		got, err := walk(ctx, c, l)
		if err != nil {
			return nil, err
		}
		unique := distinct(got.rows, key)
		if n := len(unique) + got.leftOut(); got.whole && (n == got.total || got.mended > 0 && n > got.total) {
			return unique, nil
		}
	}
	return nil, l.failed(c.ep.Host(), foreign("its pages do not add up to the number of rows that it tells"))
}

// walked is what the pages of a list held, once through.
type walked[T any] struct {
	rows  []T
	left  []int // of each page, the rows that were sent and are not in rows
	total int   // as the last page had it
	// whole tells that no row can have been missed: no page was short, and where
	// the total fell the list was mended. (Lists are in an order in which new rows
	// move none, or their shifting shows as a row that comes twice.)
	whole  bool
	mended int // how many pages were read for that
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
	highest, unsettled := w.total, false
	doubtful := 1 // the first page of those that were asked for before, unless they were mended
	for next := 2; w.more(next); {
		if last := w.lastPage(); last > c.opts.MaxPages {
			return nil, l.failed(c.ep.Host(), fault.New(fault.TooLarge, "", "", "the list has %d pages, more than %d", last, c.opts.MaxPages))
		}
		pages, err := together(ctx, c, l, next, min(c.opts.Parallel, w.lastPage()-next+1))
		if err != nil {
			return nil, err
		}
		before, fell := highest, unsettled
		for i, p := range pages {
			fell = fell || p.total < highest
			highest = max(highest, p.total)
			w.add(next+i, p)
		}
		from := next
		next += len(pages)
		switch {
		case !fell:
		case !l.mayHoldGone:
			w.whole = false
		default:
			if highest, unsettled, err = mend(ctx, c, l, w, doubtful, next-1, before); err != nil {
				return nil, err
			}
			from = next
		}
		doubtful = from
	}
	return w, nil
}

// mend reads the pages from..to once more, because rows that were deleted while they
// were read moved those behind them to the front, and one may have moved from a
// page that was not read yet to one that was. (Harbor counts before it lists: of what was
// deleted between the two, only the pages that are asked for next tell. So from is
// the first page of those before.) Read from the last to the first, one
// after the other, no page is read before what may move into it. The pages in front
// of them are read too, as far as rows may have moved: before is the total when
// those were read first. What is deleted after the last of them was read may move
// rows of the page that follows: unsettled tells that something was, and highest is
// the total below which something was.
func mend[T any](ctx context.Context, c *Client, l list[T], w *walked[T], from, to, before int) (highest int, unsettled bool, err error) {
	lowest, behind := w.total, 0
	for number := to; number >= 1 && number >= from-max(1, pagesOf(before-lowest)); number-- {
		if w.mended++; w.mended > 2*pagesOf(before)+manyMended {
			w.whole = false // its totals go up and down
			break
		}
		p, err := page(ctx, c, l, number)
		if err != nil {
			return 0, false, err
		}
		w.add(number, p)
		if number == to {
			behind = p.total
		}
		unsettled = unsettled || p.total < highest
		lowest, highest = min(lowest, p.total), max(highest, p.total)
	}
	w.total = behind
	return highest, unsettled, nil
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

func (w *walked[T]) lastPage() int { return pagesOf(w.total) }

// pagesOf is how many pages so many rows take.
func pagesOf(rows int) int { return (max(rows, 0) + PageSize - 1) / PageSize }

// more tells whether a page is worth asking for: after a short one, what follows
// is not to be had.
func (w *walked[T]) more(page int) bool { return w.whole && page <= w.lastPage() }

func (w *walked[T]) add(number int, p answer[T]) {
	if p.sent != min(PageSize, max(p.total-(number-1)*PageSize, 0)) {
		w.whole = false
	}
	w.total = p.total
	for len(w.left) < number {
		w.left = append(w.left, 0)
	}
	w.left[number-1] = p.sent - len(p.rows)
	if w.rows == nil { // most lists have one page
		w.rows = p.rows
		return
	}
	w.rows = append(w.rows, p.rows...)
}

// leftOut counts the rows that were sent and are not in rows.
func (w *walked[T]) leftOut() (n int) {
	for _, of := range w.left {
		n += of
	}
	return n
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
