package harbortest

import (
	"sync"
	"time"
)

// commits is how writes become visible. As in Harbor, a write is stamped when it
// begins and can be seen when its transaction commits, which may be later than a
// write that was stamped after it.
type commits struct {
	mu   sync.Mutex
	hold *HeldCommit
}

// HeldCommit is a write that is stamped and not yet visible.
type HeldCommit struct {
	mu       sync.Mutex
	run      func()
	released bool
	stamped  chan struct{}
}

// HoldNextCommit makes the next write wait, stamped but not visible, until
// Release. Writes after it go on; their stamps are later and they are seen
// before. A push over HTTP is answered when its commit is released; a change
// made in Go returns at once.
func (h *Harbor) HoldNextCommit() *HeldCommit {
	held := &HeldCommit{stamped: make(chan struct{})}
	h.commits.mu.Lock()
	defer h.commits.mu.Unlock()
	h.commits.hold = held
	return held
}

// Stamped is closed once there is a write that waits.
func (c *HeldCommit) Stamped() <-chan struct{} { return c.stamped }

// Release makes the write visible; before it came, it lets it pass.
func (c *HeldCommit) Release() {
	c.mu.Lock()
	run := c.run
	c.run, c.released = nil, true
	c.mu.Unlock()
	if run != nil {
		run()
	}
}

func (c *HeldCommit) take(run func()) {
	close(c.stamped)
	c.mu.Lock()
	released := c.released
	if !released {
		c.run = run
	}
	c.mu.Unlock()
	if released {
		run()
	}
}

// commit stamps a write and applies it under the lock when its time has come.
// The channel is closed once it is visible.
func (h *Harbor) commit(apply func(at stamp)) <-chan struct{} {
	at := h.stamp()
	done := make(chan struct{})
	run := func() {
		defer close(done)
		h.mu.Lock()
		defer h.mu.Unlock()
		apply(at)
	}
	h.commits.mu.Lock()
	held := h.commits.hold
	h.commits.hold = nil
	h.commits.mu.Unlock()
	switch {
	case held != nil:
		held.take(run)
	case h.opts.CommitDelay > 0:
		time.AfterFunc(h.opts.CommitDelay, run)
	default:
		run()
	}
	return done
}
