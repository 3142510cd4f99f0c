package main

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// peer is a client of HTTP/2 that says what a test wants, frame by frame.
type peer struct {
	t    *testing.T
	conn net.Conn
	*http2.Framer
	headers bytes.Buffer
	encoder *hpack.Encoder
}

// speaks connects to a listener of serve's, with short times, and begins HTTP/2.
func speaks(t *testing.T, handler http.HandlerFunc, settings ...http2.Setting) *peer {
	t.Helper()
	l, err := listen(t.Context(), "--listen", "127.0.0.1:0", handler, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	// Long enough for what is not about time to get through. The first of them is for
	// the handshake too.
	l.server.ReadHeaderTimeout, l.server.ReadTimeout, l.server.WriteTimeout, l.server.IdleTimeout = patience, 15*brief, 15*brief, 15*brief
	return converse(t, l, settings...)
}

// converse connects to a listener and begins HTTP/2.
func converse(t *testing.T, l *listening, settings ...http2.Setting) *peer {
	t.Helper()
	config := secured(t, l)
	config.NextProtos = []string{"h2"}
	conn, err := (&tls.Dialer{Config: config}).DialContext(t.Context(), "tcp", l.socket.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
	require.Equal(t, "h2", conn.(*tls.Conn).ConnectionState().NegotiatedProtocol)
	p := &peer{t: t, conn: conn, Framer: http2.NewFramer(conn, conn)}
	p.encoder = hpack.NewEncoder(&p.headers)
	_, err = io.WriteString(conn, http2.ClientPreface)
	require.NoError(t, err)
	require.NoError(t, p.WriteSettings(settings...))
	return p
}

// secured has a listener serve over TLS until the test ends, and gives what its clients
// need.
func secured(t *testing.T, l *listening) *tls.Config {
	t.Helper()
	ours := newAuthority(t)
	l.socket = tls.NewListener(l.socket, &tls.Config{
		Certificates: []tls.Certificate{ours.issue(t)}, NextProtos: []string{"h2", "http/1.1"}, MinVersion: tls.VersionTLS12,
	})
	ended := make(chan error, 1)
	go func() { ended <- l.serve() }()
	t.Cleanup(func() {
		require.NoError(t, l.server.Close())
		require.NoError(t, <-ended)
	})
	return &tls.Config{RootCAs: ours.pool(), ServerName: "localhost", MinVersion: tls.VersionTLS12}
}

// asks begins a request on a stream.
func (p *peer) asks(stream uint32, method string, ends bool, more ...string) error {
	p.headers.Reset()
	fields := append([]string{":method", method, ":scheme", "https", ":authority", "localhost", ":path", "/v1/images"}, more...)
	for i := 0; i < len(fields); i += 2 {
		if err := p.encoder.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]}); err != nil {
			return err
		}
	}
	return p.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: p.headers.Bytes(), EndStream: ends, EndHeaders: true})
}

// until reads frames up to one that is wanted; it fails if the server still waits
// when the test's patience ends. An end of the connection gives nil.
func (p *peer) until(wanted func(http2.Frame) bool) http2.Frame {
	p.t.Helper()
	for {
		frame, err := p.ReadFrame()
		if err != nil {
			require.NotErrorIs(p.t, err, os.ErrDeadlineExceeded, "the server still waits")
			return nil
		}
		if s, ok := frame.(*http2.SettingsFrame); ok && !s.IsAck() {
			_ = p.WriteSettingsAck() // if it is gone, the next frame tells
		}
		if wanted(frame) {
			return frame
		}
	}
}

func resets(stream uint32) func(http2.Frame) bool {
	return func(f http2.Frame) bool {
		_, reset := f.(*http2.RSTStreamFrame)
		return reset && f.Header().StreamID == stream
	}
}

// isAck is the answer to our settings, which comes behind the server's own: until
// writes nothing after it, so another goroutine may.
func isAck(f http2.Frame) bool {
	s, ok := f.(*http2.SettingsFrame)
	return ok && s.IsAck()
}

func isGoAway(f http2.Frame) bool { _, away := f.(*http2.GoAwayFrame); return away }

// A client that opens no window, or a small one, and takes nothing: each of its
// requests ends when the time for writing does.
func TestHTTP2WindowsThatStayShut(t *testing.T) {
	for _, window := range []uint32{0, 100} {
		ended := make(chan error, 3)
		p := speaks(t, func(w http.ResponseWriter, _ *http.Request) {
			_, err := w.Write(make([]byte, 1<<20))
			ended <- err
		}, http2.Setting{ID: http2.SettingInitialWindowSize, Val: window})
		for stream := uint32(1); stream <= 5; stream += 2 {
			require.NoError(t, p.asks(stream, http.MethodGet, true))
		}
		left := map[uint32]bool{1: true, 3: true, 5: true}
		p.until(func(f http2.Frame) bool {
			if _, reset := f.(*http2.RSTStreamFrame); reset {
				delete(left, f.Header().StreamID)
			}
			return len(left) == 0
		})
		for range 3 {
			require.Error(t, <-ended)
		}
	}
}

// A body that comes byte by byte, or not at all, ends when the time for reading does.
func TestHTTP2BodiesThatDoNotEnd(t *testing.T) {
	for _, bytes := range []int{0, 1} {
		ended := make(chan error, 1)
		p := speaks(t, func(_ http.ResponseWriter, r *http.Request) {
			_, err := io.Copy(io.Discard, r.Body)
			ended <- err
		})
		require.NoError(t, p.asks(1, http.MethodPost, false))
		if bytes > 0 {
			require.NoError(t, p.WriteData(1, false, make([]byte, bytes)))
		}
		select {
		case err := <-ended:
			require.Error(t, err)
		case <-time.After(patience):
			t.Fatal("the server still reads")
		}
	}
}

// More requests at a time than a connection may have are refused, and those that
// are begun stay.
func TestHTTP2StreamsAreBounded(t *testing.T) {
	var under, most atomic.Int64
	free := make(chan struct{})
	p := speaks(t, func(http.ResponseWriter, *http.Request) {
		if n := under.Add(1); n > most.Load() {
			most.Store(n)
		}
		<-free
		under.Add(-1)
	})
	for n := range uint32(3 * maxStreams) {
		require.NoError(t, p.asks(2*n+1, http.MethodGet, true))
	}
	last := p.until(resets(2*(3*maxStreams-1) + 1))
	require.NotNil(t, last)
	require.Equal(t, http2.ErrCodeRefusedStream, last.(*http2.RSTStreamFrame).ErrCode)
	require.LessOrEqual(t, most.Load(), int64(maxStreams))
	close(free)
}

// Requests that are begun and called off at once (CVE-2023-44487): handlers that
// run are never more than a connection may have, and the connection ends.
func TestHTTP2RapidReset(t *testing.T) {
	var under, most atomic.Int64
	free := make(chan struct{})
	defer close(free)
	p := speaks(t, func(http.ResponseWriter, *http.Request) {
		if n := under.Add(1); n > most.Load() {
			most.Store(n)
		}
		<-free
		under.Add(-1)
	})
	p.until(isAck)
	go func() {
		for n := range uint32(20_000) {
			if p.asks(2*n+1, http.MethodGet, true) != nil || p.WriteRSTStream(2*n+1, http2.ErrCodeCancel) != nil {
				return
			}
		}
	}()
	p.until(isGoAway) // told to calm down, or that nothing is wanted of it
	require.LessOrEqual(t, most.Load(), int64(maxStreams))
}

// Headers that go on in frame after frame (CVE-2023-45288): the connection ends
// long before a megabyte, whatever they say.
func TestHTTP2HeadersThatGoOn(t *testing.T) {
	p := speaks(t, func(http.ResponseWriter, *http.Request) { t.Error("the request came through") })
	p.until(isAck)
	p.headers.Reset()
	require.NoError(t, p.encoder.WriteField(hpack.HeaderField{Name: ":method", Value: http.MethodGet}))
	require.NoError(t, p.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: p.headers.Bytes(), EndStream: true}))
	sent := make(chan int, 1)
	go func() {
		total := 0
		for total < 64<<20 {
			p.headers.Reset()
			for range 8 {
				_ = p.encoder.WriteField(hpack.HeaderField{Name: "x-long", Value: strings.Repeat("x", 1000), Sensitive: true})
			}
			if p.WriteContinuation(1, false, p.headers.Bytes()) != nil {
				break
			}
			total += p.headers.Len()
		}
		sent <- total
	}()
	p.until(isGoAway)
	_ = p.conn.Close()
	require.Less(t, <-sent, 16<<20)
}

// One header list that is too large is refused, and the next request answered.
func TestHTTP2LargeHeaders(t *testing.T) {
	p := speaks(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	p.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	p.headers.Reset()
	more := []string{}
	for range 50 {
		more = append(more, "x-long", strings.Repeat("x", 1000))
	}
	for i := 0; i+1 < len(more); i += 2 {
		require.NoError(t, p.encoder.WriteField(hpack.HeaderField{Name: more[i], Value: more[i+1], Sensitive: true}))
	}
	block := bytes.Clone(p.headers.Bytes())
	p.headers.Reset()
	for _, f := range [][2]string{{":method", "GET"}, {":scheme", "https"}, {":authority", "localhost"}, {":path", "/"}} {
		require.NoError(t, p.encoder.WriteField(hpack.HeaderField{Name: f[0], Value: f[1]}))
	}
	block = append(bytes.Clone(p.headers.Bytes()), block...)
	require.NoError(t, p.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block[:10_000], EndStream: true}))
	for at := 10_000; at < len(block); at += 10_000 {
		end := min(at+10_000, len(block))
		require.NoError(t, p.WriteContinuation(1, end == len(block), block[at:end]))
	}
	frame := p.until(func(f http2.Frame) bool { return f.Header().StreamID == 1 || isGoAway(f) })
	if answer, ok := frame.(*http2.MetaHeadersFrame); ok {
		require.Equal(t, "431", answer.PseudoValue("status"))
	}
}

// Pings by the ten thousand from a client that reads no answer: what waits to be
// written is bounded, and the connection ends. (Of settings one answer waits at most;
// see TestHTTP2FloodsAreCutOff.)
func TestHTTP2AnswersThatNobodyReads(t *testing.T) {
	p := speaks(t, func(http.ResponseWriter, *http.Request) {})
	var err error
	for n := 0; err == nil && n < 3_000_000; n++ {
		err = p.WritePing(false, [8]byte{1})
	}
	require.Error(t, err, "the server takes them for ever")
	require.False(t, errors.Is(err, os.ErrDeadlineExceeded), "the server still waits: %v", err)
}

// A connection that was answered and asks nothing more ends with the time for
// silence.
func TestHTTP2Silence(t *testing.T) {
	p := speaks(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	require.NoError(t, p.asks(1, http.MethodGet, true))
	require.NotNil(t, p.until(func(f http2.Frame) bool {
		return f.Header().StreamID == 1 && f.Header().Flags.Has(http2.FlagHeadersEndStream)
	}))
	p.until(isGoAway)
}
