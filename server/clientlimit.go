package server

import (
	"net/http"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// keptClients bounds how many clients are remembered: twice as many at most. One
// takes about 200 bytes.
const keptClients = 10_000

// clientLimits bound how often each client asks. A client that was not seen for a
// while is forgotten, which gives it its burst back and nothing more.
type clientLimits struct {
	rate  rate.Limit // requests a second
	burst int
	most  int // of one generation

	mu          sync.Mutex
	young, aged map[string]*rate.Limiter
}

// newClientLimits gives nil, which bounds nothing, for a rate of 0.
func newClientLimits(perSecond float64, burst int) *clientLimits {
	if perSecond <= 0 {
		return nil
	}
	if burst <= 0 {
		burst = max(1, int(2*perSecond))
	}
	return &clientLimits{rate: rate.Limit(perSecond), burst: burst, most: keptClients, young: map[string]*rate.Limiter{}}
}

// allow counts a request of a client, or says when to come back. One that is
// turned away costs its client nothing.
func (c *clientLimits) allow(client string) (wait time.Duration, ok bool) {
	limiter := c.of(client)
	now := time.Now()
	if limiter.AllowN(now, 1) {
		return 0, true
	}
	missing := 1 - limiter.TokensAt(now)
	return time.Duration(missing / float64(c.rate) * float64(time.Second)), false
}

// of gives a client's limiter. Those that nobody asked for since the generation
// before this one are dropped with it.
func (c *clientLimits) of(client string) *rate.Limiter {
	c.mu.Lock()
	defer c.mu.Unlock()
	if l := c.young[client]; l != nil {
		return l
	}
	l := c.aged[client]
	if l == nil {
		l = rate.NewLimiter(c.rate, c.burst)
	}
	if len(c.young) >= c.most {
		c.young, c.aged = map[string]*rate.Limiter{}, c.young
	}
	c.young[client] = l
	return l
}

// clientOf tells who asks: the tool that a proven gateway names, since all tools
// come from the gateway's address; else the address. Whoever has one IPv6 address
// has 2^64 of them, so those count as one.
func (s *Server) clientOf(r *http.Request) string {
	if tool := r.Header[toolHeader]; len(tool) == 1 && tool[0] != "" && len(tool[0]) <= maxClientName && s.proven(r) {
		return "tool " + tool[0]
	}
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return "unknown"
	}
	address := at.Addr().Unmap().WithZone("")
	if address.Is6() {
		network, _ := address.Prefix(64) // 64 bits are in any IPv6 address
		return network.Masked().String()
	}
	return address.String()
}

// maxClientName is how long a tool's name may be to count as one.
const maxClientName = 256
