package harbor

import (
	"context"
	"net/http"
	"strconv"
)

// list is a question that is answered in pages of T.
type list[T any] struct {
	question
	// read reads one row; false means that the row cannot be meant for us and is
	// left out. Defects of the answer go to the reader.
	read func(*reader, *T) bool
	// mayHoldGone tells that rows which were deleted while the list was read may
	// be in it: it is mended where it changed, and not read anew, see [mend].
	mayHoldGone bool
}

// answer is one page of a list.
type answer[T any] struct {
	rows []T
	// sent counts the rows that Harbor sent, also those left out of rows.
	sent int
	// total is what Harbor said that all pages hold together (X-Total-Count).
	// Its Link header is not looked at: it may be endless, and may be no URI.
	total int
}

// page asks for one page; the first is 1.
func page[T any](ctx context.Context, c *Client, l list[T], number int) (answer[T], error) {
	q := l.question
	q.query = pageQuery(number, l.query)
	var a answer[T]
	err := c.ask(ctx, q, func(h http.Header, r *reader) error {
		total, err := strconv.ParseUint(h.Get("X-Total-Count"), 10, 31)
		if err != nil {
			return foreign("its answer does not say how many rows there are (X-Total-Count)")
		}
		a = answer[T]{total: int(total)}
		a.rows, a.sent, err = rows(r, min(int(total), PageSize), l.read)
		return err
	})
	return a, err
}

// pageQuery puts the page before the rest of a query, which is its place by
// name.
func pageQuery(number int, rest string) string {
	query := "page=" + strconv.Itoa(number) + "&page_size=" + strconv.Itoa(PageSize)
	if rest != "" {
		query += "&" + rest
	}
	return query
}

// rows reads a list from a text that holds one and nothing else. Null is no
// list: Harbor writes [] for an empty one. size is about how many there will be.
func rows[T any](r *reader, size int, read func(*reader, *T) bool) (out []T, sent int, err error) {
	if r.dec.PeekKind() != '[' {
		if r.skip(); r.err == nil {
			r.wrong("a list is missing")
		}
		return nil, 0, r.err
	}
	out = make([]T, 0, size)
	r.items(func() {
		if sent++; sent > PageSize {
			r.wrong("a page has more rows than were asked for")
			return
		}
		out = append(out, *new(T)) // read in place: rows are large
		if !read(r, &out[len(out)-1]) || r.err != nil {
			out = out[:len(out)-1]
		}
	})
	if err := r.end(); err != nil {
		return nil, 0, err
	}
	return out, sent, nil
}
