package server

import (
	"math"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// fullAt is the part of the memory limit from which on requests are turned
	// away: what is left is for the collector, and for what is under way.
	fullAt = 0.9
	// memoryLooked is how long one look at the memory is believed.
	memoryLooked = 100 * time.Millisecond
)

// memoryGate is shut while what is in use comes near the limit that the operator
// gave to Go's runtime (GOMEMLIMIT): beyond it the collector would take all time,
// and soon the system the process. Garbage does not count, because the collector
// frees it before the limit is met.
type memoryGate struct {
	every time.Duration
	began time.Time
	next  atomic.Int64 // when to look again, since began
	shut  atomic.Bool

	mu      sync.Mutex // of samples
	samples []metrics.Sample
}

// newMemoryGate gives nil, which is never shut, where there is no limit.
func newMemoryGate() *memoryGate {
	if debug.SetMemoryLimit(-1) == math.MaxInt64 {
		return nil
	}
	g := &memoryGate{every: memoryLooked, began: time.Now()}
	for _, name := range []string{
		"/gc/heap/live:bytes", "/memory/classes/total:bytes", "/memory/classes/heap/released:bytes",
		"/memory/classes/heap/objects:bytes", "/memory/classes/heap/unused:bytes", "/memory/classes/heap/free:bytes",
	} {
		g.samples = append(g.samples, metrics.Sample{Name: name})
	}
	return g
}

// full tells whether the gate is shut. One of many who ask looks; the others do
// not wait for it.
func (g *memoryGate) full() bool {
	now, next := int64(time.Since(g.began)), g.next.Load()
	if now >= next && g.next.CompareAndSwap(next, now+int64(g.every)) {
		g.shut.Store(float64(g.inUse()) > fullAt*float64(debug.SetMemoryLimit(-1)))
	}
	return g.shut.Load()
}

// inUse gives the bytes that a collection would not free: what was live at the
// last one, and what is no heap (stacks, the runtime's own).
func (g *memoryGate) inUse() uint64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	metrics.Read(g.samples)
	value := func(i int) uint64 { return g.samples[i].Value.Uint64() }
	heap := value(2) + value(3) + value(4) + value(5)
	return value(0) + value(1) - min(value(1), heap)
}
