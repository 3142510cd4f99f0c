package main

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// What a connection may send. Go's server answers frames of HTTP/2 that ask for nothing
// (settings, windows, priorities, resets, empty headers) for as long as they come: they
// cost it no memory, but each up to a microsecond, and no limit of requests counts them.
const (
	// allowanceMost is how many bytes a connection may send at once, asking nothing.
	allowanceMost = 4 << 20
	// allowancePerSecond comes back with time: what keeps a quiet connection.
	allowancePerSecond = 16 << 10
	// allowancePerRequest comes back with each request: its headers, and the body of
	// one that may have any (the largest is a webhook's).
	allowancePerRequest, allowancePerBody = 48 << 10, 320 << 10
	// allowanceShare is how many bytes of answers bring back one: what tells that they
	// were taken is sent too.
	allowanceShare = 8
)

// errChatter ends a connection that has used up what it may send.
var errChatter = errors.New("it sends too much that asks for nothing")

// allowance is what is left of what one connection may send.
type allowance struct {
	most    int64
	left    atomic.Int64
	mu      sync.Mutex
	counted time.Time // up to when time has brought back its part
}

func newAllowance(most int64) *allowance {
	a := &allowance{most: most, counted: time.Now()}
	a.left.Store(most)
	return a
}

// spend takes off what came; it is false if that was too much.
func (a *allowance) spend(bytes int) bool {
	if a.left.Add(-int64(bytes)) >= 0 {
		return true
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	back := now.Sub(a.counted).Seconds() * allowancePerSecond
	a.counted = now
	return a.left.Add(int64(min(back, float64(a.most)))) >= 0
}

// earn gives back, to what there was at first at most.
func (a *allowance) earn(bytes int64) {
	if left := a.left.Load(); left < a.most {
		a.left.Add(min(bytes, a.most-left))
	}
}

type connectionContextKey struct{}

// withConnection is an http.Server's ConnContext: requests find the connection that
// they came on.
func withConnection(ctx context.Context, conn net.Conn) context.Context {
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	return context.WithValue(ctx, connectionContextKey{}, conn)
}

// asked gives the connection of a request what a request brings back.
func asked(r *http.Request) {
	conn, ok := r.Context().Value(connectionContextKey{}).(*counted)
	switch {
	case !ok:
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		conn.allowance.earn(allowancePerRequest)
	default:
		conn.allowance.earn(allowancePerBody)
	}
}
