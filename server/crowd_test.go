package server_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server"
)

// narrow lets the system keep no more than a few kilobytes for the first
// connection that it accepts.
type narrow struct {
	net.Listener
	once sync.Once
}

func (n *narrow) Accept() (net.Conn, error) {
	c, err := n.Listener.Accept()
	if err == nil {
		n.once.Do(func() { err = c.(*net.TCPConn).SetWriteBuffer(4096) })
	}
	return c, err
}

// crowd is a service whose first reader of events takes nothing after its first.
type crowd struct{ *service }

func startCrowd(t testing.TB, patience time.Duration, readers int) *crowd {
	t.Helper()
	s := start(t, setup{values: generation(0), options: server.Options{EventReaders: readers}})
	s.server.Pace(time.Hour, patience)
	listener := httptest.NewUnstartedServer(s.server.Handler())
	listener.Listener = &narrow{Listener: listener.Listener}
	listener.Start()
	t.Cleanup(listener.Close)
	s.endpoint = &endpoint{url: listener.URL, client: bareClient(t)}

	c := &crowd{service: s}
	stalled := c.socket(t)
	require.NoError(t, stalled.(*net.TCPConn).SetReadBuffer(4096))
	readTo(t, stalled, "event: start\n")
	return c
}

// reader gives the events that one reader gets, as texts.
func (c *crowd) reader(t *testing.T) *bufio.Scanner {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute) // only a failing test takes as long
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url+"/v1/events", nil)
	require.NoError(t, err)
	response, err := c.client.Do(request)
	require.NoError(t, err)
	t.Cleanup(func() { cancel(); response.Body.Close() })
	require.Equal(t, http.StatusOK, response.StatusCode)
	events := bufio.NewScanner(response.Body)
	events.Split(func(data []byte, _ bool) (int, []byte, error) {
		if end := bytes.Index(data, []byte("\n\n")); end >= 0 {
			return end + 2, data[:end], nil
		}
		return 0, nil, nil
	})
	for range 2 { // the hint, and the start
		require.True(t, events.Scan(), events.Err())
	}
	require.Contains(t, events.Text(), "\nevent: start\n")
	return events
}

// A thousand readers are told every change, in order and once, while another one
// takes nothing.
func TestAThousandReaders(t *testing.T) {
	const many, rounds, each = 1000, 10, 20
	c := startCrowd(t, time.Hour, many+1)
	readers := make([]*bufio.Scanner, many)
	for i := range readers {
		readers[i] = c.reader(t)
	}
	told, sums := make([]string, 0, rounds*each), make([][sha256.Size]byte, many) // of the first; of all
	var group sync.WaitGroup
	for i, events := range readers {
		group.Go(func() {
			all := sha256.New()
			for range rounds * each {
				if !events.Scan() {
					t.Errorf("reader %d: %v", i, events.Err())
					return
				}
				all.Write(append(events.Bytes(), 0))
				if i == 0 {
					told = append(told, events.Text())
				}
			}
			all.Sum(sums[i][:0])
		})
	}
	for n := 1; n <= rounds; n++ {
		c.write(t, "values.yaml", generation(n))
		c.refresh(t)
	}
	group.Wait()
	require.Len(t, told, rounds*each)
	epoch, _, _ := strings.Cut(c.server.LastEvent(""), ".")
	for n, text := range told {
		now, _, _ := strings.Cut(text, `"before"`)
		require.Contains(t, now, fmt.Sprintf("id: %s.%d\nevent: changed\ndata: {\"short_name\":\"image%02d\",\"image\":", epoch, n+1, n%each))
		require.Contains(t, now, fmt.Sprintf("generation %05d", n/each+1))
	}
	for i := range sums {
		require.Equal(t, sums[0], sums[i], "reader %d was told something else", i)
	}
	require.EqualValues(t, many+1, value(t, c.scrape(t), "bayplan_event_readers", "stream", "public"), "nobody was dropped")
}

// A reader that takes nothing is cut off; the others stay.
func TestAReaderThatTakesNothing(t *testing.T) {
	c := startCrowd(t, 300*time.Millisecond, 2)
	other := c.open(t, "/v1/events")
	other.next()
	for n := 1; value(t, c.scrape(t), "bayplan_event_readers_dropped_total") == 0; n++ {
		c.write(t, "values.yaml", generation(n))
		c.refresh(t)
		other.until(c.server.LastEvent(""))
	}
	require.EqualValues(t, 1, value(t, c.scrape(t), "bayplan_event_readers", "stream", "public"))
	c.open(t, "/v1/events") // in its place
}

// BenchmarkEvents tells 1,000 readers of a change. "ns/told" is what one of them
// costs, "B/reader" is the memory that one takes; its own end is a bare socket.
func BenchmarkEvents(b *testing.B) {
	const many = 1000
	c := startCrowd(b, time.Hour, many+1)
	before := inUse()
	readers := make([]net.Conn, many)
	for i := range readers {
		readers[i] = c.socket(b)
		readTo(b, readers[i], "event: start\n")
	}
	memory := float64(inUse()-before) / many
	n := 0
	for b.Loop() {
		b.StopTimer()
		n++
		c.registries.push("image1", fmt.Sprint("content ", n))
		b.StartTimer()
		c.refresh(b)
		for _, reader := range readers {
			readTo(b, reader, "event: changed\n")
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*many), "ns/told")
	b.ReportMetric(memory, "B/reader")
}

// socket asks for events over a connection of its own.
func (c *crowd) socket(t testing.TB) net.Conn {
	t.Helper()
	connection, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(c.url, "http://"))
	require.NoError(t, err)
	t.Cleanup(func() { connection.Close() })
	_, err = io.WriteString(connection, "GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n")
	require.NoError(t, err)
	return connection
}

// readTo reads an event of some kind to its end.
func readTo(t testing.TB, from io.Reader, line string) {
	t.Helper()
	var text, some []byte
	for some = make([]byte, 4096); !bytes.Contains(text, []byte(line)) || !bytes.HasSuffix(text, []byte("\n\n\r\n")); {
		n, err := from.Read(some)
		require.NoError(t, err)
		text = append(text, some[:n]...)
	}
}

// inUse gives the memory of the heap and of stacks.
func inUse() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc + m.StackInuse
}

// sign is what a stream sends at once.
type sign struct {
	*httptest.ResponseRecorder
	flushed chan string
}

func (s *sign) Flush() {
	s.flushed <- s.Body.String()
	s.Body.Reset()
}

// A stream that has nothing to tell gives a sign of life every 15 s.
func TestHeartbeat(t *testing.T) {
	running := start(t, setup{values: sample})
	synctest.Test(t, func(t *testing.T) {
		s, err := server.New(view{
			follow: func(f func(*snapshot.Snapshot)) { f(running.resolver.Snapshot()) },
			status: func() resolver.Status { return resolver.Status{} },
		}, server.Options{})
		require.NoError(t, err)
		w := &sign{httptest.NewRecorder(), make(chan string)}
		ctx, leave := context.WithCancel(t.Context())
		go s.Data().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/v1/events", nil).WithContext(ctx))
		first := <-w.flushed // at once: a reader is connected when it has its place
		require.Contains(t, first, "retry: ")
		require.Contains(t, first, "event: start\n")
		for range 3 {
			last := time.Now()
			require.Equal(t, ":\n\n", <-w.flushed)
			require.Equal(t, 15*time.Second, time.Since(last))
		}
		leave()
	})
}
