package server

import (
	"bytes"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
)

// keptRecords is how many user-built images the complete list may have to be
// kept as bytes; about a kilobyte each. A longer one is streamed.
const keptRecords = 20_000

// complete is the complete list of what anyone may see, of one snapshot. It
// changes with every push somewhere, so it is made when it is asked for.
type complete struct {
	pages *pages
	made  atomic.Pointer[madeList]
	mu    sync.Mutex // held while it is made
	// last is the list that was made last, of whatever snapshot, for all that did
	// not change since.
	last *atomic.Pointer[madeList]
}

// madeList is a complete list, either as bytes or as a tally of what is
// streamed.
type madeList struct {
	text  keptText
	body  *lazyBody // of the text
	tally *tally    // nil where there is a body
}

// completeOf gives the complete list of the next pages: the one of these if
// nothing that it is made of changed.
func (p *pages) completeOf(next *pages, last *atomic.Pointer[madeList]) *complete {
	if p != nil && p.standard == next.standard && p.snapshot.Users.View == next.snapshot.Users.View && p.context == next.context {
		return p.complete
	}
	return &complete{pages: next, last: last}
}

// get makes the list, once. One with more than so many user-built images is not
// kept.
func (c *complete) get(most int) *madeList {
	if m := c.made.Load(); m != nil {
		return m
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if m := c.made.Load(); m != nil {
		return m
	}
	m := c.pages.makeList(c.last.Load(), most)
	c.made.Store(m)
	c.last.Store(m)
	return m
}

func (p *pages) makeList(before *madeList, most int) *madeList {
	if before == nil {
		before = &madeList{}
	}
	if p.snapshot.Users.View.Public.Images > most {
		return &madeList{tally: p.tally(before.tally)}
	}
	next := p.keptText(before.text)
	if before.body != nil && bytes.Equal(before.text.bytes, next.bytes) {
		next.bytes = before.text.bytes
		return &madeList{text: next, body: before.body}
	}
	return &madeList{text: next, body: &lazyBody{make: func() *body { return plainBody(typeJSON, next.bytes, "") }}}
}

// serveComplete answers for the list without a query. A warning is about this
// request alone; "" for none.
func (s *Server) serveComplete(w http.ResponseWriter, r *http.Request, p *pages, warning string) int {
	if p.list != nil && warning == "" {
		return p.list.serve(w, r)
	}
	m := p.complete.get(s.keptRecords)
	switch {
	case m.tally != nil:
		return s.stream(w, r, p.streamed(m.tally, warning))
	case warning == "":
		return m.body.serve(w, r)
	}
	text := append(slices.Clip(m.text.records()), listTail(p.warned(warning))...)
	return bodyFor(r, text, "").serve(w, r)
}
