package harbortest

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync"
)

// Reset cuts the connection without an answer.
func Reset() Fault {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(http.ErrAbortHandler) // the next best: HTTP/2 has no connection to take
		}
		under := conn
		if secure, ok := conn.(*tls.Conn); ok {
			under = secure.NetConn()
		}
		if tcp, ok := under.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // a reset instead of an orderly end
		}
		_ = under.Close()
	}
}

// UntilClosed lets each answer end with its connection, without a length, as
// servers of HTTP/1.0 do. It is no fault by itself: a client that goes by the
// length must take it all the same.
func UntilClosed() Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		a := record(r, next)
		a.header.Del("Content-Length")
		rawAnswer(w, r, a)
	}
}

// Garbage answers with bytes that are no HTTP.
func Garbage() Fault {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		raw(w, []byte("HTTP/1.0 OK\r\n\x00\xff: no header\r\n\r\n\x16\x03\x01 what is this"))
	}
}

// WrongLength lets each answer announce so many bytes more than it has, or fewer
// with a negative number.
func WrongLength(more int) Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		a := record(r, next)
		a.header.Set("Content-Length", strconv.Itoa(max(a.body.Len()+more, 0)))
		rawAnswer(w, r, a)
	}
}

// rawAnswer sends an answer as it is, and closes the connection.
func rawAnswer(w http.ResponseWriter, r *http.Request, a *answer) {
	a.header.Set("Connection", "close")
	var text bytes.Buffer
	fmt.Fprintf(&text, "HTTP/1.1 %d %s\r\n", a.status, http.StatusText(a.status))
	_ = a.header.Write(&text) // to memory
	text.WriteString("\r\n")
	if r.Method != http.MethodHead {
		text.Write(a.body.Bytes())
	}
	raw(w, text.Bytes())
}

// raw sends bytes, whatever they are, and closes the connection.
func raw(w http.ResponseWriter, text []byte) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	_, _ = conn.Write(text) // a client that left is no concern of the stand-in
	_ = conn.Close()
}

// Stall makes requests wait until Release; those that wait go on then, and later
// ones pass. Install its Fault.
type Stall struct {
	arrived  chan struct{}
	released chan struct{}
	once     sync.Once
}

// NewStall makes one.
func NewStall() *Stall {
	return &Stall{arrived: make(chan struct{}, 1024), released: make(chan struct{})}
}

// Fault is what to install.
func (s *Stall) Fault(w http.ResponseWriter, r *http.Request, next http.Handler) {
	select {
	case s.arrived <- struct{}{}:
	default: // nobody counts that far
	}
	select {
	case <-s.released:
		next.ServeHTTP(w, r)
	case <-r.Context().Done():
	}
}

// Arrived receives once for each request that came to wait.
func (s *Stall) Arrived() <-chan struct{} { return s.arrived }

// Release lets all go on. It may be called more than once.
func (s *Stall) Release() { s.once.Do(func() { close(s.released) }) }
