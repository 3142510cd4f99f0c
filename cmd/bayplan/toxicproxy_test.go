package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"net"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
)

// toxicProxy is a proxy of toxiproxy between the service and an upstream. Where
// toxiproxy does not come to an end with putting a toxic in or out, another one
// takes its place at the same address: it waits for ever for a connection whose
// other side has left in the middle of something, and lets nobody else in meanwhile
// (2.12.0).
type toxicProxy struct {
	api     *toxiproxy.ApiServer
	proxy   *toxiproxy.Proxy
	address string
	toxics  map[string][]byte // by name: what is in it
}

// toxicPatience is how long it may take to put a toxic in or out.
const toxicPatience = 5 * time.Second

// between puts a proxy between the service, once it is started, and an upstream.
func between(t *testing.T, p *faultyPlatform, u *upstream) *toxicProxy {
	t.Helper()
	zerolog.SetGlobalLevel(zerolog.Disabled) // some toxics log to a logger of their own
	x := &toxicProxy{
		api: toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop()), toxics: map[string][]byte{},
	}
	x.proxy = toxiproxy.NewProxy(x.api, u.name, "127.0.0.1:0", u.address)
	require.NoError(t, x.proxy.Start())
	x.address = x.proxy.Listen
	t.Cleanup(func() { go x.proxy.Stop() }) // which may take for ever
	p.reach(u, x.address)
	return x
}

// add puts a toxic in, for one direction, and gives what takes it out.
func (p *toxicProxy) add(t *testing.T, x toxic, direction string) (remove func()) {
	t.Helper()
	kind := x.kind
	if kind == "" {
		kind = x.name
	}
	text, err := json.Marshal(map[string]any{"name": x.name, "type": kind, "stream": direction, "toxicity": 1, "attributes": x.attributes})
	require.NoError(t, err)
	p.toxics[x.name] = text
	p.do(t, func(proxy *toxiproxy.Proxy) error {
		_, err := proxy.Toxics.AddToxicJson(bytes.NewReader(text))
		return err
	})
	return func() {
		t.Helper()
		delete(p.toxics, x.name)
		p.do(t, func(proxy *toxiproxy.Proxy) error { return proxy.Toxics.RemoveToxic(t.Context(), x.name) })
	}
}

func (p *toxicProxy) do(t *testing.T, change func(*toxiproxy.Proxy) error) {
	t.Helper()
	done, proxy := make(chan error, 1), p.proxy
	go func() { done <- change(proxy) }()
	select {
	case err := <-done:
		require.NoError(t, err)
	case <-time.After(toxicPatience):
		p.replace(t)
	}
}

// replace puts a new proxy in the place of one that is stuck.
func (p *toxicProxy) replace(t *testing.T) {
	t.Helper()
	t.Logf("toxiproxy is stuck at %s: another one takes its place", p.address)
	go p.proxy.Stop() // the listener goes first
	next := toxiproxy.NewProxy(p.api, p.proxy.Name, p.address, p.proxy.Upstream)
	for _, text := range maps.Clone(p.toxics) {
		_, err := next.Toxics.AddToxicJson(bytes.NewReader(text))
		require.NoError(t, err)
	}
	eventually(t, func() error {
		free, err := net.Listen("tcp", p.address)
		if err != nil {
			return err
		}
		return errors.Join(free.Close(), next.Start())
	})
	p.proxy = next
}
