package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// readiness is what a cluster knows of a fleet: who says that it is ready, asked
// again and again.
type readiness struct {
	members []*member
	ready   []atomic.Bool
}

// readinessEvery is how often a replica is asked whether it is ready.
const readinessEvery = 50 * time.Millisecond

// watch looks until ctx ends, and waits for that with done.
func watch(ctx context.Context, members []*member, done *sync.WaitGroup) *readiness {
	r := &readiness{members: members, ready: make([]atomic.Bool, len(members))}
	for n, m := range members {
		r.ready[n].Store(m.ready())
		done.Go(func() {
			ticks := time.NewTicker(readinessEvery)
			defer ticks.Stop()
			for {
				select {
				case <-ctx.Done():
					return
				case <-ticks.C:
					r.ready[n].Store(m.ready())
				}
			}
		})
	}
	return r
}

// one gives any replica that is ready; nil if none is.
func (r *readiness) one() *member {
	for _, n := range rand.Perm(len(r.members)) {
		if r.ready[n].Load() {
			return r.members[n]
		}
	}
	return nil
}

// steadyClient asks as one behind a Kubernetes service does: a new connection goes
// to a replica that is ready, and one that is there stays with its replica until
// that ends it. Unlike others it asks nothing twice: what Go's own client would
// send again, because a connection was closed under it, is a failure here.
type steadyClient struct {
	of   *readiness
	each int // after how many requests it takes another connection by itself; 0 is never
	conn *tls.Conn
	in   *bufio.Reader
	asks int // on this connection
	// Over its life.
	reused, ended int // requests on a connection of before, connections that a replica ended
}

func (c *steadyClient) do(request *http.Request) (*http.Response, []byte, error) {
	if err := c.connect(); err != nil {
		return nil, nil, err
	}
	if c.asks++; c.asks > 1 {
		c.reused++
	}
	request.URL.Host, request.Host = "localhost", "localhost"
	err := errors.Join(c.conn.SetDeadline(time.Now().Add(patience)), request.Write(c.conn))
	if err != nil {
		c.hangUp()
		return nil, nil, err
	}
	response, err := http.ReadResponse(c.in, request)
	if err != nil {
		c.hangUp()
		return nil, nil, err
	}
	body, err := io.ReadAll(response.Body)
	if response.Close {
		c.ended++
	}
	if response.Close || err != nil || c.asks == c.each {
		c.hangUp()
	}
	return response, body, err
}

func (c *steadyClient) connect() error {
	if c.conn != nil {
		return nil
	}
	to := c.of.one()
	if to == nil {
		return errors.New("no replica is ready")
	}
	config := to.client.Transport.(*http.Transport).TLSClientConfig.Clone()
	config.NextProtos = []string{"http/1.1"}
	conn, err := tls.Dial("tcp", to.address, config)
	if err != nil {
		return err
	}
	c.conn, c.in, c.asks = conn, bufio.NewReader(conn), 0
	return nil
}

func (c *steadyClient) hangUp() {
	if c.conn != nil {
		_ = c.conn.Close() // nothing more is wanted of it
	}
	c.conn = nil
}
