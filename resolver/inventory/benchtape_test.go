//go:build unix

package inventory_test

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"time"
)

// tape serves what a Harbor answers, but asks it once for each question: after
// that the bytes on the wire are kept and sent again, in one piece. What it costs
// is then TLS, the kernel and little else, so that a benchmark on a few cores is
// about who asks. It knows GET alone, and takes one asker for another.
type tape struct {
	harbor http.Handler
	delay  *delay

	mu     sync.RWMutex
	kept   map[string][]byte // by request line
	asked  atomic.Int64
	under  atomic.Int64 // under way
	widest atomic.Int64
}

// serve answers on every connection of a listener until that ends.
func (t *tape) serve(listener net.Listener) error {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		go t.converse(conn)
	}
}

// converse answers one request after the other until the connection ends.
func (t *tape) converse(conn net.Conn) {
	defer conn.Close()
	in, wake := bufio.NewReader(conn), make(chan struct{}, 1)
	for {
		head, line, err := readHead(in)
		if err != nil {
			return
		}
		t.enter()
		answer, err := t.answer(head, line)
		t.delay.wait(wake)
		t.under.Add(-1)
		if err != nil {
			return
		}
		if _, err := conn.Write(answer); err != nil {
			return
		}
	}
}

func (t *tape) enter() {
	t.asked.Add(1)
	now := t.under.Add(1)
	for most := t.widest.Load(); now > most && !t.widest.CompareAndSwap(most, now); most = t.widest.Load() {
	}
}

// readHead gives a request without a body, and how long its first line is. It is
// valid until the next one.
func readHead(in *bufio.Reader) (head []byte, line int, err error) {
	for size := 0; ; {
		head, err = in.Peek(max(size, in.Buffered(), 1))
		if err != nil {
			return nil, 0, err
		}
		if end := bytes.Index(head, []byte("\r\n\r\n")); end >= 0 {
			_, err = in.Discard(end + 4)
			return head[:end+4], bytes.IndexByte(head, '\r'), err
		}
		size = len(head) + 1
	}
}

func (t *tape) answer(head []byte, line int) ([]byte, error) {
	t.mu.RLock()
	answer, known := t.kept[string(head[:line])]
	t.mu.RUnlock()
	if known {
		return answer, nil
	}
	request, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(head)))
	if err != nil {
		return nil, err
	}
	said := httptest.NewRecorder()
	t.harbor.ServeHTTP(said, request)
	answer = onTheWire(said)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept[string(head[:line])] = answer
	return answer, nil
}

// onTheWire writes an answer as Harbor does, chunked, but in a single chunk.
func onTheWire(said *httptest.ResponseRecorder) []byte {
	var out bytes.Buffer
	fmt.Fprintf(&out, "HTTP/1.1 %d %s\r\n", said.Code, http.StatusText(said.Code))
	header := said.Header().Clone()
	header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	header.Set("Transfer-Encoding", "chunked")
	_ = header.Write(&out) // a buffer takes all
	fmt.Fprintf(&out, "\r\n")
	if body := said.Body.Bytes(); len(body) > 0 {
		fmt.Fprintf(&out, "%x\r\n%s\r\n", len(body), body)
	}
	out.WriteString("0\r\n\r\n")
	return out.Bytes()
}
