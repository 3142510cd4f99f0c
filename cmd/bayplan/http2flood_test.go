package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// flood is what a client may send without end over HTTP/2.
type flood struct {
	// first begins it; nil for nothing.
	first func(p *peer) error
	// one writes one frame of it.
	one func(p *peer, n int) error
}

func floods() map[string]flood {
	open := func(streams uint32) func(p *peer) error {
		return func(p *peer) error {
			for n := range streams {
				if err := p.asks(2*n+1, http.MethodPost, false); err != nil {
					return err
				}
			}
			return nil
		}
	}
	return map[string]flood{
		"settings": {nil, func(p *peer, _ int) error { return p.WriteSettings() }},
		"settings that change all windows": {open(maxStreams), func(p *peer, n int) error {
			return p.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 65_535 + uint32(n%2)})
		}},
		"settings that change the table of headers": {nil, func(p *peer, n int) error {
			return p.WriteSettings(http2.Setting{ID: http2.SettingHeaderTableSize, Val: uint32(n % 4096)})
		}},
		"pings":               {nil, func(p *peer, _ int) error { return p.WritePing(false, [8]byte{1}) }},
		"answers to no ping":  {nil, func(p *peer, _ int) error { return p.WritePing(true, [8]byte{1}) }},
		"resets of the ended": {func(p *peer) error { return p.asks(1, http.MethodGet, true) }, func(p *peer, _ int) error { return p.WriteRSTStream(1, http2.ErrCodeCancel) }},
		"data of nothing":     {open(1), func(p *peer, _ int) error { return p.WriteData(1, false, nil) }},
		"windows":             {open(1), func(p *peer, n int) error { return p.WriteWindowUpdate(1, 1) }},
		"priorities": {open(1), func(p *peer, _ int) error {
			return p.WritePriority(1, http2.PriorityParam{StreamDep: 0, Weight: 1})
		}},
		"frames of no kind": {nil, func(p *peer, _ int) error { return p.WriteRawFrame(0xbe, 0, 0, nil) }},
		"headers of nothing": {func(p *peer) error {
			p.headers.Reset()
			if err := p.encoder.WriteField(hpack.HeaderField{Name: ":method", Value: http.MethodGet}); err != nil {
				return err
			}
			return p.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: p.headers.Bytes(), EndStream: true})
		}, func(p *peer, _ int) error { return p.WriteContinuation(1, false, nil) }},
	}
}

// Whatever a client sends over HTTP/2 that asks for nothing, the connection is cut off
// before it has cost much; the server keeps nothing of it.
func TestHTTP2FloodsAreCutOff(t *testing.T) {
	for name, f := range floods() {
		t.Run(name, func(t *testing.T) {
			l, err := listen(t.Context(), "--listen", "127.0.0.1:0", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body) // it ends with the connection
			}), slog.New(slog.DiscardHandler))
			require.NoError(t, err)
			require.EqualValues(t, allowanceMost, l.crowd.chatter)
			l.crowd.chatter /= 4                              // spares the test time
			l.server.ReadTimeout, l.server.IdleTimeout = 0, 0 // none of these cuts it off
			p := converse(t, l)
			p.until(isAck)
			go func() { _, _ = io.Copy(io.Discard, p.conn) }() // ends with the connection
			sent := &sending{Writer: bufio.NewWriterSize(p.conn, 16<<10)}
			p.Framer = http2.NewFramer(sent, nil)
			if f.first != nil {
				require.NoError(t, f.first(p))
			}
			for n := 0; err == nil && sent.bytes < 2*allowanceMost; n++ {
				err = f.one(p, n)
			}
			require.Error(t, err, "the server takes them for ever")
			require.NotErrorIs(t, err, os.ErrDeadlineExceeded, "the server still waits")
			eventually(t, func() error {
				if inUse, silent, cutOff := l.crowd.now(); inUse+silent != 0 || cutOff > 1 {
					return fmt.Errorf("%d connections are left, and %d were cut off", inUse+silent, cutOff)
				}
				return nil
			})
		})
	}
}

// sending counts what is sent.
type sending struct {
	*bufio.Writer
	bytes int
}

// Write implements io.Writer.
func (s *sending) Write(p []byte) (int, error) {
	n, err := s.Writer.Write(p)
	s.bytes += n
	return n, err
}

// Who asks, sends what belongs to it, or takes a long answer is not cut off, however
// much that is on one connection.
func TestWhoAsksIsNoFlood(t *testing.T) {
	l, err := listen(t.Context(), "--listen", "127.0.0.1:0", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // what is wrong, the client says
		if r.URL.Path == "/long" {
			for range 256 {
				_, _ = w.Write(make([]byte, 256<<10))
			}
		}
	}), slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	l.crowd.chatter = 1 << 20
	config := secured(t, l)
	for _, version := range []string{"HTTP/1.1", "HTTP/2.0"} {
		protocols, dialled := new(http.Protocols), 0
		protocols.SetHTTP1(version == "HTTP/1.1")
		protocols.SetHTTP2(version == "HTTP/2.0")
		way := &http.Transport{TLSClientConfig: config.Clone(), Protocols: protocols, DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			dialled++
			return new(net.Dialer).DialContext(ctx, network, address)
		}}
		t.Cleanup(way.CloseIdleConnections)
		client := &http.Client{Transport: way, Timeout: patience}
		ask := func(method, path string, header, body int) {
			request, err := http.NewRequest(method, "https://"+l.socket.Addr().String()+path, bytes.NewReader(make([]byte, body)))
			require.NoError(t, err)
			request.Header.Set("X-Long", strings.Repeat("x", header))
			response, err := client.Do(request)
			require.NoError(t, err)
			require.Equal(t, version, response.Proto)
			_, err = io.Copy(io.Discard, response.Body)
			require.NoError(t, errors.Join(err, response.Body.Close()))
		}
		for range 100 {
			ask(http.MethodGet, "/", 20<<10, 0)
		}
		for range 20 {
			ask(http.MethodPost, "/v1/webhooks/harbor", 0, 256<<10)
		}
		for range 2 {
			ask(http.MethodGet, "/long", 0, 0)
		}
		require.Equal(t, 1, dialled)
	}
}
