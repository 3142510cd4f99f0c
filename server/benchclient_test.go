//go:build unix

package server_test

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
)

// benchConnections are asked at the same time.
const benchConnections = 32

// rawClient sends the same bytes again and again on one connection, and reads
// just enough to find the end of each answer.
type rawClient struct {
	connection net.Conn
	reader     *bufio.Reader
	request    []byte
}

// clients connects to a contender, or gives the connections of the round before.
func (p *program) clients(t testing.TB, c contender) []*rawClient {
	t.Helper()
	if known := p.connected[c.name]; known != nil {
		return known
	}
	request := []byte("GET /v1/images HTTP/1.1\r\nHost: bayplan.test\r\nUser-Agent: benchmark\r\nAccept: */*\r\n" + c.headers + "\r\n")
	var clients []*rawClient
	for range benchConnections {
		connection, err := new(net.Dialer).DialContext(t.Context(), "tcp", p.addresses[c.handler])
		require.NoError(t, err)
		t.Cleanup(func() { _ = connection.Close() })
		clients = append(clients, &rawClient{connection: connection, reader: bufio.NewReaderSize(connection, 128<<10), request: request})
	}
	p.connected[c.name] = clients
	return clients
}

// ask lets all clients ask for a while, and counts the answers.
func ask(t testing.TB, clients []*rawClient, d time.Duration) int {
	t.Helper()
	counts := make([]int, len(clients))
	end := time.Now().Add(d)
	var group errgroup.Group
	for i, c := range clients {
		group.Go(func() error {
			for time.Now().Before(end) {
				if err := c.once(); err != nil {
					return err
				}
				counts[i]++
			}
			return nil
		})
	}
	require.NoError(t, group.Wait())
	total := 0
	for _, n := range counts {
		total += n
	}
	return total
}

// once asks once.
func (c *rawClient) once() error {
	if _, err := c.connection.Write(c.request); err != nil {
		return err
	}
	status, err := c.reader.ReadSlice('\n')
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(status, []byte("HTTP/1.1 200")) && !bytes.HasPrefix(status, []byte("HTTP/1.1 304")) {
		return fmt.Errorf("unexpected answer: %s", status)
	}
	length := 0
	for {
		line, err := c.reader.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(line) == 2 {
			break
		}
		if value, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return err
			}
		}
	}
	_, err = c.reader.Discard(length)
	return err
}
