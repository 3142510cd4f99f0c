package main

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// strait is a way to a registry that can be cut: what a replica believes to be the
// registry.
type strait struct {
	URL string

	listener net.Listener
	target   string

	mu     sync.Mutex
	state  straitState
	change chan struct{} // closed and made anew with each state
	open   map[net.Conn]bool
	closed bool
}

// straitState is what a strait does with what goes over it.
type straitState int

const (
	// through is a strait that works.
	through straitState = iota
	// refusing cuts connections, and takes no others.
	refusing
	// mute takes what is sent and hands on nothing: it will, when it works again.
	mute
)

// newStrait lays a strait to an address until the test ends.
func newStrait(t testing.TB, target string) *strait {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(testContext(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	w := &strait{URL: "http://" + listener.Addr().String(), listener: listener, target: target, change: make(chan struct{}), open: map[net.Conn]bool{}}
	var serving sync.WaitGroup
	serving.Go(func() { w.serve(&serving) })
	t.Cleanup(func() {
		_ = listener.Close()
		w.mu.Lock()
		w.closed = true
		w.mu.Unlock()
		w.set(refusing)
		serving.Wait()
	})
	return w
}

// set puts the strait into a state.
func (w *strait) set(state straitState) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.state = state
	close(w.change)
	w.change = make(chan struct{})
	if state == refusing {
		for c := range w.open {
			_ = c.Close()
		}
	}
}

func (w *strait) serve(serving *sync.WaitGroup) {
	for {
		from, err := w.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		serving.Go(func() { w.connect(from, serving) })
	}
}

// connect carries one connection to its end.
func (w *strait) connect(from net.Conn, serving *sync.WaitGroup) {
	defer func() { _ = from.Close() }()
	if !w.keep(from) {
		if c, ok := from.(*net.TCPConn); ok {
			_ = c.SetLinger(0) // a reset, as of a port where nobody listens
		}
		return
	}
	defer w.forget(from)
	to, err := new(net.Dialer).DialContext(context.Background(), "tcp", w.target)
	if err != nil || !w.keep(to) {
		return
	}
	defer w.forget(to)
	serving.Go(func() { w.carry(to, from) })
	w.carry(from, to)
}

func (w *strait) carry(to, from net.Conn) {
	defer func() { _, _ = to.Close(), from.Close() }()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			w.wait()
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// wait waits while the strait is mute.
func (w *strait) wait() {
	for {
		w.mu.Lock()
		state, change := w.state, w.change
		w.mu.Unlock()
		if state != mute {
			return
		}
		<-change
	}
}

// keep remembers a connection, to be cut; false if it is cut already.
func (w *strait) keep(c net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.state == refusing || w.closed {
		return false
	}
	w.open[c] = true
	return true
}

func (w *strait) forget(c net.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.open, c)
}
