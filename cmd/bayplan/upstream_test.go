package main

import (
	"context"
	"crypto/tls"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
)

// upstream is one of the servers that Bayplan reads from, with a front that can
// be made to answer in its place, to hang up or to be away, and that notes how
// much is asked of it at once.
type upstream struct {
	name    string   // for messages
	kinds   []string // of the sources in /v1/catalog that it answers for
	host    string   // as the catalog has it
	address string   // where it listens
	dns     string   // the name that leads there; "" where none does
	inner   http.Handler
	beside  int // how many more than one may ask for the same at once

	mu     sync.Mutex
	server *http.Server
	secure *tls.Config // nil without TLS
	open   map[net.Conn]bool
	under  []*mutableConn // all connections that were accepted, below TLS
	ended  map[net.Conn]time.Time
	probe  net.Conn // that of a request with the header probeMark
	fault  harbortest.Fault
	struck int
	busy   map[string]map[*http.Request]bool // requests under way, by what they ask for
	double []string                          // what was asked for twice at once
}

// probeMark is the header of a request by which a test finds its connection.
const probeMark = "X-Probe"

type connKey struct{}

// overlap is how long two equal requests have to be under way at once to count:
// a server learns late that a client has given up, later on a busy machine. What
// stalls is under way for longer.
const overlap = 600 * time.Millisecond

// newUpstream serves a handler on loopback until the test ends.
func newUpstream(t *testing.T, u *upstream) *upstream {
	t.Helper()
	u.busy, u.open = map[string]map[*http.Request]bool{}, map[net.Conn]bool{}
	u.ended = map[net.Conn]time.Time{}
	u.listen(t)
	t.Cleanup(u.hangUp)
	return u
}

// listen begins to listen, at the same address as before.
func (u *upstream) listen(t *testing.T) {
	t.Helper()
	if u.address == "" {
		u.address = "127.0.0.1:0"
	}
	socket, err := net.Listen("tcp", u.address)
	require.NoError(t, err)
	u.address = socket.Addr().String()
	socket = &mutableListener{Listener: socket, upstream: u}
	server := &http.Server{
		Handler: u, ConnState: u.note, ErrorLog: log.New(io.Discard, "", 0),
		TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){}, // faults take whole connections
		ConnContext: func(ctx context.Context, conn net.Conn) context.Context {
			return context.WithValue(ctx, connKey{}, conn)
		},
	}
	u.mu.Lock()
	u.server = server
	if u.secure != nil {
		// The configuration of each connection is the one of now.
		socket = tls.NewListener(socket, &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			u.mu.Lock()
			defer u.mu.Unlock()
			return u.secure, nil
		}})
	}
	u.mu.Unlock()
	go func() { _ = server.Serve(socket) }() // ends with hangUp
}

// hangUp closes the listener and all connections: whoever dials is refused.
func (u *upstream) hangUp() {
	u.mu.Lock()
	server := u.server
	u.mu.Unlock()
	_ = server.Close()
	u.drop()
}

// drop closes the connections that there are.
func (u *upstream) drop() {
	u.mu.Lock()
	defer u.mu.Unlock()
	for conn := range u.open {
		_ = conn.Close()
	}
}

func (u *upstream) note(conn net.Conn, state http.ConnState) {
	u.mu.Lock()
	defer u.mu.Unlock()
	switch state {
	case http.StateNew:
		u.open[conn] = true
	case http.StateClosed:
		delete(u.open, conn)
		u.ended[conn] = time.Now()
	}
}

// certify has connections from now on see another certificate, also those that
// would resume a session.
func (u *upstream) certify(certificate tls.Certificate) {
	u.mu.Lock()
	u.secure = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12, SessionTicketsDisabled: true}
	u.mu.Unlock()
	u.drop()
}

// strikes tells how many requests met the fault.
func (u *upstream) strikes() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.struck
}

// twice gives what was asked for while the same was under way already.
func (u *upstream) twice() []string {
	u.mu.Lock()
	defer u.mu.Unlock()
	return append([]string(nil), u.double...)
}

// spoil puts a fault in place of all answers; nil takes it away.
func (u *upstream) spoil(fault harbortest.Fault) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.fault, u.struck = fault, 0
}

// ServeHTTP implements http.Handler.
func (u *upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	fault := u.begin(r)
	defer u.end(r)
	if fault != nil {
		fault(w, r, u.inner)
		return
	}
	u.inner.ServeHTTP(w, r)
}

func (u *upstream) begin(r *http.Request) harbortest.Fault {
	what := r.Method + " " + r.URL.Path
	u.mu.Lock()
	defer u.mu.Unlock()
	if others := slices.Collect(maps.Keys(u.busy[what])); len(others) > u.beside {
		time.AfterFunc(overlap, func() {
			u.mu.Lock()
			defer u.mu.Unlock()
			others = slices.DeleteFunc(others, func(other *http.Request) bool { return !u.busy[what][other] })
			if len(others) > u.beside && u.busy[what][r] {
				u.double = append(u.double, what)
			}
		})
	}
	if u.busy[what] == nil {
		u.busy[what] = map[*http.Request]bool{}
	}
	u.busy[what][r] = true
	if r.Header.Get(probeMark) != "" {
		u.probe, _ = r.Context().Value(connKey{}).(net.Conn)
	}
	if u.fault != nil {
		u.struck++
	}
	return u.fault
}

func (u *upstream) end(r *http.Request) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.busy[r.Method+" "+r.URL.Path], r)
}

// probed gives the connection of a request that the test marked, nil before it
// came.
func (u *upstream) probed() net.Conn {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.probe
}

// closedAt tells when a connection ended, zero if it did not.
func (u *upstream) closedAt(conn net.Conn) time.Time {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.ended[conn]
}

// mute has the connections that there are fall silent: nothing is closed, what is
// sent there is lost and nothing comes. New ones are well. So it is where a
// firewall in between has forgotten them.
func (u *upstream) mute() {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, conn := range u.under {
		conn.muted.Store(true)
	}
}

// mutableListener accepts connections that can be muted.
type mutableListener struct {
	net.Listener
	upstream *upstream
}

// Accept implements net.Listener.
func (l *mutableListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	mutable := &mutableConn{Conn: conn}
	l.upstream.mu.Lock()
	defer l.upstream.mu.Unlock()
	l.upstream.under = append(l.upstream.under, mutable)
	return mutable, nil
}

type mutableConn struct {
	net.Conn
	muted atomic.Bool
}

// Read implements net.Conn. What comes to a muted connection is lost.
func (c *mutableConn) Read(p []byte) (int, error) {
	for {
		n, err := c.Conn.Read(p)
		if err != nil || !c.muted.Load() {
			return n, err
		}
	}
}

// Write implements net.Conn. What goes to a muted connection is lost.
func (c *mutableConn) Write(p []byte) (int, error) {
	if c.muted.Load() {
		return len(p), nil
	}
	return c.Conn.Write(p)
}
