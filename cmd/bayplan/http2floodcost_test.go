package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// What each flood costs the real process until it is cut off, by the system's
// accounts: little memory, and time that is told with -v.
func TestHTTP2FloodsCost(t *testing.T) {
	ours := newAuthority(t)
	files := pemFiles(t)
	files.writeServer(t, ours.issue(t))
	s := bayplan(t, nil, "serve", "--demo", "--listen", "127.0.0.1:0", "--tls-cert", files.cert, "--tls-key", files.key, "--log-level", "info")
	address := strings.TrimPrefix(s.said(t, mainLine), "https://")
	for name, f := range floods() {
		conn, err := tls.Dial("tcp", address, &tls.Config{RootCAs: ours.pool(), ServerName: "localhost", NextProtos: []string{"h2"}})
		require.NoError(t, err)
		sent := &sending{Writer: bufio.NewWriterSize(conn, 16<<10)}
		p := &peer{t: t, conn: conn, Framer: http2.NewFramer(sent, nil)}
		p.encoder = hpack.NewEncoder(&p.headers)
		_, err = io.WriteString(sent, http2.ClientPreface)
		require.NoError(t, err)
		require.NoError(t, p.WriteSettings())
		go func() { _, _ = io.Copy(io.Discard, conn) }() // ends with the connection
		if f.first != nil {
			require.NoError(t, f.first(p))
		}
		cpu, memory := spentBy(t, s.cmd.Process.Pid)
		n := 0
		for ; err == nil && n < 20_000_000; n++ {
			err = f.one(p, n)
		}
		require.Error(t, err, "the server takes them for ever")
		_ = conn.Close() // it is closed
		after, memoryAfter := spentBy(t, s.cmd.Process.Pid)
		require.Less(t, memoryAfter-memory, 32, "MiB that %s take", name)
		t.Logf("%-42s %7d frames, %4d ms of a core, %3d ns a frame, %+d MiB resident", name, n,
			(after - cpu).Milliseconds(), (after-cpu).Nanoseconds()/int64(n), memoryAfter-memory)
	}
}

// spentBy gives what a process has had of a core, in steps of 10 ms, and of memory, in
// MiB (proc(5), stat).
func spentBy(t *testing.T, pid int) (core time.Duration, resident int) {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	require.NoError(t, err)
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	number := func(at int) int {
		n, err := strconv.Atoi(fields[at])
		require.NoError(t, err)
		return n
	}
	return time.Duration(number(12-1)+number(13-1)) * 10 * time.Millisecond, number(22-1) * os.Getpagesize() >> 20
}
