package main

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"strings"
	"sync"

	"golang.org/x/net/dns/dnsmessage"
)

// lookups answers for the names of hosts in the test's process. A name ending in
// lookupDomain is this machine, unless it is said to be lost; names that end
// otherwise are asked of whom the system asks until a test uses the first such name,
// and are unknown from then on.
//
// It is the process's one resolver from the beginning (TestMain), because there is
// no other place from which a whole program can be told that a name is gone.
type lookups struct {
	mu   sync.Mutex
	lost map[string]dnsmessage.RCode
	used bool // somebody has asked for a name of ours to be known
}

const lookupDomain = ".bayplan.test"

var hostNames = &lookups{lost: map[string]dnsmessage.RCode{}}

// resolver is to be the process's.
func (l *lookups) resolver() *net.Resolver { return &net.Resolver{PreferGo: true, Dial: l.dial} }

// name makes a name of a word. From then on all lookups are answered here.
func (l *lookups) name(word string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.used = true
	return word + lookupDomain
}

// lose has lookups of a name fail so.
func (l *lookups) lose(name string, how dnsmessage.RCode) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lost[name] = how
}

// find has lookups of a name succeed again.
func (l *lookups) find(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.lost, name)
}

func (l *lookups) dial(ctx context.Context, network, address string) (net.Conn, error) {
	l.mu.Lock()
	used := l.used
	l.mu.Unlock()
	if !used {
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	ours, theirs := net.Pipe()
	go l.serve(ours)
	return theirs, nil
}

// serve answers questions as DNS does over TCP (RFC 1035, section 4.2.2).
func (l *lookups) serve(conn net.Conn) {
	defer conn.Close()
	for {
		var length uint16
		if binary.Read(conn, binary.BigEndian, &length) != nil {
			return
		}
		text := make([]byte, length)
		if _, err := io.ReadFull(conn, text); err != nil {
			return
		}
		var question dnsmessage.Message
		if question.Unpack(text) != nil || len(question.Questions) != 1 {
			return
		}
		packed, err := l.answer(question)
		if err != nil {
			return
		}
		if _, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(packed))), packed...)); err != nil {
			return
		}
	}
}

func (l *lookups) answer(question dnsmessage.Message) ([]byte, error) {
	asked := question.Questions[0]
	name := strings.TrimSuffix(asked.Name.String(), ".")
	l.mu.Lock()
	code, lost := l.lost[name]
	l.mu.Unlock()
	if !strings.HasSuffix(name, lookupDomain) {
		code = dnsmessage.RCodeNameError
	}
	answer := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: question.ID, Response: true, RecursionAvailable: true, RCode: code},
		Questions: question.Questions,
	}
	if code == dnsmessage.RCodeSuccess && !lost && asked.Type == dnsmessage.TypeA {
		answer.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: asked.Name, Class: dnsmessage.ClassINET, TTL: 1},
			Body:   &dnsmessage.AResource{A: [4]byte{127, 0, 0, 1}},
		}}
	}
	return answer.Pack()
}
