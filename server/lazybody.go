package server

import (
	"net/http"
	"sync"
	"sync/atomic"
)

// lazyBody is a body that is made when it is first asked for, and in each coding
// when a request first takes that. However many ask at once, it is made once.
type lazyBody struct {
	made atomic.Pointer[body]
	mu   sync.Mutex   // held while something is made
	make func() *body // in identity; nil once it is made
}

func (l *lazyBody) serve(w http.ResponseWriter, r *http.Request) int {
	c := accepted(r)
	return l.in(c).send(w, r, c)
}

// in gives the body with a coding.
func (l *lazyBody) in(c coding) *body {
	if b := l.made.Load(); b != nil && b.tried[c] {
		return b
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.made.Load()
	if b == nil {
		b = l.make()
	}
	if !b.tried[c] {
		b = b.with(c)
	}
	l.made.Store(b)
	l.make = nil // and what it was made of may go
	return b
}
