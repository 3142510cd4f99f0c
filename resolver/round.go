package resolver

import (
	"context"
	"sync"
)

// rounds runs one task at a time, however many ask for it. Rounds are counted
// from 1: whoever needs what happened before some moment to be in the answer
// waits for the first round that had not begun then.
type rounds struct {
	run func()

	mu      sync.Mutex
	working bool
	begun   uint64
	ended   uint64
	wanted  uint64        // somebody waits for the end of this one
	change  chan struct{} // closed and made anew when a round ends
}

func newRounds(run func()) *rounds {
	return &rounds{run: run, change: make(chan struct{})}
}

// next is the number of the first round that has not begun.
func (r *rounds) next() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.begun + 1
}

// do waits for a round that begins after the call, or for ctx.
func (r *rounds) do(ctx context.Context) error { return r.until(ctx, r.next()) }

// until waits for the end of a round, which it sets going if need be, or for
// ctx. The number is one that next gave.
func (r *rounds) until(ctx context.Context, number uint64) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.ended < number {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		r.wanted = max(r.wanted, number)
		if !r.working {
			r.working = true
			go r.work()
		}
		change := r.change
		r.mu.Unlock()
		select {
		case <-change:
		case <-ctx.Done():
		}
		r.mu.Lock()
	}
	return nil
}

// work runs until nobody waits any more.
func (r *rounds) work() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.begun < r.wanted {
		r.begun++
		r.mu.Unlock()
		r.run()
		r.mu.Lock()
		r.ended = r.begun
		close(r.change)
		r.change = make(chan struct{})
	}
	r.working = false
}
