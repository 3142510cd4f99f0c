package main

import (
	"bufio"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// brief is how long the listeners of these tests wait for a client.
const brief = 50 * time.Millisecond

// briefly listens as serve does, but for the times, which are short here.
func briefly(t *testing.T, handler http.HandlerFunc) net.Conn {
	t.Helper()
	l, err := listen(t.Context(), "--listen", "127.0.0.1:0", handler, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	for _, limit := range []*time.Duration{&l.server.ReadHeaderTimeout, &l.server.ReadTimeout, &l.server.WriteTimeout, &l.server.IdleTimeout} {
		require.Positive(t, *limit, "every wait for a client has an end")
		*limit = brief
	}
	ended := make(chan error, 1)
	go func() { ended <- l.serve() }()
	t.Cleanup(func() {
		require.NoError(t, l.server.Close())
		require.NoError(t, <-ended)
	})
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", l.socket.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(patience)))
	return conn
}

// Clients that do not send what they began are cut off, wherever they stop.
func TestSlowWritersAreCutOff(t *testing.T) {
	for name, begun := range map[string]string{
		"nothing":          "",
		"half a line":      "GET /v1/im",
		"half the headers": "GET /v1/images HTTP/1.1\r\nHost: x\r\nX-Toolforge-",
		"half a body":      "POST /v1/webhooks/harbor HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
		"half a chunk":     "POST /v1/webhooks/harbor HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n64\r\n{",
		"nothing more":     "GET /v1/images HTTP/1.1\r\nHost: x\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			conn := briefly(t, func(w http.ResponseWriter, r *http.Request) {
				_, err := io.Copy(io.Discard, r.Body)
				if err != nil {
					panic(http.ErrAbortHandler)
				}
				w.WriteHeader(http.StatusOK)
			})
			_, err := io.WriteString(conn, begun)
			require.NoError(t, err)
			_, err = io.Copy(io.Discard, conn)
			require.NotErrorIs(t, err, os.ErrDeadlineExceeded, "the server still waits")
		})
	}
}

// A client that does not read is cut off in the middle of an answer.
func TestSlowReadersAreCutOff(t *testing.T) {
	stopped := make(chan error, 1)
	conn := briefly(t, func(w http.ResponseWriter, _ *http.Request) {
		for {
			if _, err := w.Write(make([]byte, 64<<10)); err != nil {
				stopped <- err
				return
			}
		}
	})
	_, err := io.WriteString(conn, "GET /v1/images HTTP/1.1\r\nHost: x\r\n\r\n")
	require.NoError(t, err)
	select {
	case err := <-stopped:
		require.ErrorContains(t, err, "i/o timeout")
	case <-time.After(patience):
		t.Fatal("the server still writes")
	}
}

// More headers than anybody needs are refused before a handler sees them.
func TestLargeHeadersAreRefused(t *testing.T) {
	conn := briefly(t, func(http.ResponseWriter, *http.Request) { t.Error("the request came through") })
	const line = "X-Long: "
	_, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n"+line+strings.Repeat("x", 64<<10)+"\r\n\r\n")
	require.NoError(t, err)
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusRequestHeaderFieldsTooLarge, response.StatusCode)
}
