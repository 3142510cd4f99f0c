package main

import (
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	// manyConnections is how many the main listener has at most, unless the operator
	// says otherwise.
	manyConnections = 4000
	// fewConnections is how many a listener for operations has at most: those who
	// look after the service are few, and must get in whatever goes on elsewhere.
	fewConnections = 200
	// crowdedEvery is how often the log says at most that there is no more room, or that
	// a connection was cut off.
	crowdedEvery = time.Minute
)

// connections bounds the connections of a listener. Who comes when there is no more room
// waits, as the system lets them; a connection that is kept open and asks nothing
// makes room, the one that has been silent the longest first.
type connections struct {
	most    int   // before anybody is let in
	chatter int64 // what each may send that asks for nothing, in bytes (allowance)
	log     *slog.Logger

	mu      sync.Mutex
	room    sync.Cond              // a connection ended, or fell silent
	open    int                    // those that have room
	pending int                    // of these, who is still to come
	silent  map[net.Conn]time.Time // since when
	closed  bool
	said    time.Time
	// saidChatter is when the log said last that a connection sends too much.
	saidChatter time.Time
	cutOff      int // for that, so far
}

func newConnections(most int, log *slog.Logger) *connections {
	c := &connections{most: most, chatter: allowanceMost, log: log, silent: map[net.Conn]time.Time{}}
	c.room.L = &c.mu
	return c
}

// enter waits for room; it is false when the listener is closed.
func (c *connections) enter() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.open >= c.most && !c.closed {
		if now := time.Now(); now.Sub(c.said) >= crowdedEvery {
			c.said = now
			open := c.open
			c.mu.Unlock()
			c.log.Warn("there are as many connections as are allowed: silent ones make room, then new ones wait", "connections", open)
			c.mu.Lock()
			continue
		}
		if quiet := c.mostSilent(); quiet != nil {
			delete(c.silent, quiet)
			c.mu.Unlock()
			_ = quiet.Close() // that makes room
			c.mu.Lock()
			continue
		}
		c.room.Wait()
	}
	c.open++
	c.pending++
	return !c.closed
}

// chatters says that a connection is cut off for what it sends.
func (c *connections) chatters() {
	now := time.Now()
	c.mu.Lock()
	c.cutOff++
	said := now.Sub(c.saidChatter) < crowdedEvery
	if !said {
		c.saidChatter = now
	}
	c.mu.Unlock()
	if !said {
		c.log.Warn("a connection is cut off, which sent much that asks for nothing")
	}
}

// now counts the connections, for the metrics.
func (c *connections) now() (inUse, silent, cutOff int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.open - c.pending - len(c.silent), len(c.silent), c.cutOff
}

// mostSilent gives the connection that has asked nothing for the longest; nil if
// all are in use. The caller holds the lock.
func (c *connections) mostSilent() net.Conn {
	var quiet net.Conn
	for conn, since := range c.silent {
		if quiet == nil || since.Before(c.silent[quiet]) {
			quiet = conn
		}
	}
	return quiet
}

// arrived ends the wait that enter made room for.
func (c *connections) arrived() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pending--
}

func (c *connections) leave(conn net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.silent, conn)
	c.open--
	c.room.Signal()
}

// note is told by the HTTP server what becomes of a connection.
func (c *connections) note(conn net.Conn, state http.ConnState) {
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if state != http.StateIdle {
		delete(c.silent, conn)
		return
	}
	c.silent[conn] = time.Now()
	c.room.Signal()
}

// guard gives the listener with the bound.
func (c *connections) guard(l net.Listener) net.Listener { return &guarded{l, c} }

type guarded struct {
	net.Listener
	crowd *connections
}

// Accept implements net.Listener.
func (g *guarded) Accept() (net.Conn, error) {
	if !g.crowd.enter() {
		return nil, net.ErrClosed
	}
	conn, err := g.Listener.Accept()
	g.crowd.arrived()
	if err != nil {
		g.crowd.leave(nil)
		return nil, err
	}
	return &counted{Conn: conn, crowd: g.crowd, allowance: newAllowance(g.crowd.chatter)}, nil
}

// Close implements net.Listener.
func (g *guarded) Close() error {
	g.crowd.mu.Lock()
	g.crowd.closed = true
	g.crowd.room.Broadcast()
	g.crowd.mu.Unlock()
	return g.Listener.Close()
}

// counted is a connection that counts, and whose bytes are counted.
type counted struct {
	net.Conn
	crowd     *connections
	allowance *allowance
	once      sync.Once
}

// Read implements net.Conn.
func (m *counted) Read(p []byte) (int, error) {
	n, err := m.Conn.Read(p)
	if !m.allowance.spend(n) {
		m.crowd.chatters()
		return 0, errChatter
	}
	return n, err
}

// Write implements net.Conn.
func (m *counted) Write(p []byte) (int, error) {
	n, err := m.Conn.Write(p)
	m.allowance.earn(int64(n) / allowanceShare)
	return n, err
}

// Close implements net.Conn.
func (m *counted) Close() error {
	defer m.once.Do(func() { m.crowd.leave(m) })
	return m.Conn.Close()
}

// CloseWrite lets the HTTP server end an answer without ending the connection.
func (m *counted) CloseWrite() error {
	if half, ok := m.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
