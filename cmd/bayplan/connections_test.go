package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// crowded listens for so many connections at most; it answers at once, but for
// /held, which it answers once held is closed.
func crowded(t *testing.T, most int) (address string, held chan struct{}, crowd *connections) {
	t.Helper()
	held = make(chan struct{})
	l, err := listen(t.Context(), "--listen", "127.0.0.1:0", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/held" {
			<-held
		}
		w.WriteHeader(http.StatusNoContent)
	}), slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	l.crowd.most = most
	ended := make(chan error, 1)
	go func() { ended <- l.serve() }()
	t.Cleanup(func() {
		require.NoError(t, l.server.Close())
		require.NoError(t, <-ended)
	})
	return l.socket.Addr().String(), held, l.crowd
}

// dialled is a connection of a client.
func dialled(t *testing.T, address string) *bufio.ReadWriter {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
	return bufio.NewReadWriter(bufio.NewReader(conn), bufio.NewWriter(conn))
}

func asks(t *testing.T, conn *bufio.ReadWriter, path string) {
	t.Helper()
	_, err := io.WriteString(conn, "GET "+path+" HTTP/1.1\r\nHost: x\r\n\r\n")
	require.NoError(t, err)
	require.NoError(t, conn.Flush())
}

func isAnswered(t *testing.T, conn *bufio.ReadWriter) {
	t.Helper()
	response, err := http.ReadResponse(conn.Reader, nil)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusNoContent, response.StatusCode)
}

// fallsSilent waits until it is known of the newest connection that it asks nothing
// more, which may be a moment after its answer.
func fallsSilent(t *testing.T, crowd *connections, before time.Time) {
	t.Helper()
	require.Eventually(t, func() bool {
		crowd.mu.Lock()
		defer crowd.mu.Unlock()
		for _, since := range crowd.silent {
			if since.After(before) {
				return true
			}
		}
		return false
	}, patience, time.Millisecond)
}

// Connections that were asked something once and are silent since make room for
// whoever comes; the longest silent goes first.
func TestSilentConnectionsMakeRoom(t *testing.T) {
	address, _, crowd := crowded(t, 3)
	var all []*bufio.ReadWriter
	for range 20 {
		conn, began := dialled(t, address), time.Now()
		asks(t, conn, "/")
		isAnswered(t, conn)
		fallsSilent(t, crowd, began)
		all = append(all, conn)
	}
	_, err := all[0].ReadByte()
	require.ErrorIs(t, err, io.EOF)
	asks(t, all[19], "/")
	isAnswered(t, all[19])
}

// Who comes while all connections are in use waits, and is answered then.
func TestWhoComesIntoACrowdWaits(t *testing.T) {
	address, held, _ := crowded(t, 3)
	var busy []*bufio.ReadWriter
	for range 3 {
		conn := dialled(t, address)
		asks(t, conn, "/held")
		busy = append(busy, conn)
	}
	late := dialled(t, address)
	asks(t, late, "/")
	answered := make(chan error, 1)
	go func() {
		response, err := http.ReadResponse(late.Reader, nil)
		if err == nil {
			err = response.Body.Close()
		}
		answered <- err
	}()
	select {
	case <-answered:
		t.Fatal("there are more connections than are allowed")
	case <-time.After(100 * time.Millisecond): // long enough for an answer to an idle server
	}
	close(held)
	for _, conn := range busy {
		isAnswered(t, conn)
	}
	require.NoError(t, <-answered)
}

// The metrics tell how many connections there are, of how many.
func TestConnectionsAreCounted(t *testing.T) {
	s := serveHere(t, &serveOptions{listen: "127.0.0.1:0", operations: "127.0.0.1:0", connections: 5}, nil)
	address, operations := strings.TrimPrefix(s.said(t, mainLine), "http://"), s.said(t, otherLine)
	s.said(t, isReady)
	counted := func(inUse, silent int) {
		t.Helper()
		eventually(t, func() error {
			response, err := testClient.Get(operations + "/v1/metrics")
			require.NoError(t, err)
			metrics, err := io.ReadAll(response.Body)
			require.NoError(t, errors.Join(err, response.Body.Close()))
			for _, line := range []string{
				fmt.Sprintf(`bayplan_http_connections{listener="all",state="in_use"} %d`, inUse),
				fmt.Sprintf(`bayplan_http_connections{listener="all",state="silent"} %d`, silent),
				`bayplan_http_connections_limit{listener="all"} 5`,
				`bayplan_http_connections{listener="operations",state="in_use"} 1`, // this one
				`bayplan_http_connections_limit{listener="operations"} 200`,
			} {
				if !strings.Contains(string(metrics), line+"\n") {
					return fmt.Errorf("no %s", line)
				}
			}
			return nil
		})
	}
	counted(0, 0)
	reader := dialled(t, address)
	asks(t, reader, "/v1/events")
	counted(1, 0)
	for n := range 6 {
		conn := dialled(t, address)
		asks(t, conn, "/v1/healthz")
		response, err := http.ReadResponse(conn.Reader, nil)
		require.NoError(t, err)
		_, err = io.Copy(io.Discard, response.Body)
		require.NoError(t, errors.Join(err, response.Body.Close()))
		counted(1, min(n+1, 3)) // there is always room for one to come
	}
}

// Those who look after the service have a listener, and a bound, of their own.
func TestACrowdKeepsNobodyFromOperations(t *testing.T) {
	s := serveHere(t, &serveOptions{listen: "127.0.0.1:0", operations: "127.0.0.1:0", connections: 2}, nil)
	address, operations := s.said(t, mainLine), s.said(t, otherLine)
	for range 5 {
		dialled(t, strings.TrimPrefix(address, "http://")) // and says nothing
	}
	response, err := testClient.Get(operations + "/v1/healthz")
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusOK, response.StatusCode)
}
