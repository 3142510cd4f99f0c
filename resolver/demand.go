package resolver

import (
	"context"
	"sync"
	"time"
)

const (
	// demandEvery is how often one thing is asked for on demand: whoever asks
	// within that time of another gets the other's answer.
	demandEvery = time.Second
	// demandTimeout bounds one question on demand.
	demandTimeout = 3 * time.Second
)

// demand runs questions by key, each at most once a second however many ask.
type demand struct {
	mu   sync.Mutex
	asks map[string]*ask
}

type ask struct {
	done chan struct{}
	err  error // written before done is closed
}

// do runs f, or waits for a run of the same key that began within the last
// second. The error is that run's, or ctx's.
func (d *demand) do(ctx context.Context, key string, f func() error) error {
	d.mu.Lock()
	a := d.asks[key]
	if a == nil {
		a = &ask{done: make(chan struct{})}
		if d.asks == nil {
			d.asks = map[string]*ask{}
		}
		d.asks[key] = a
		go d.run(key, a, f)
	}
	d.mu.Unlock()
	select {
	case <-a.done:
		return a.err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (d *demand) run(key string, a *ask, f func() error) {
	began := time.Now()
	a.err = f()
	close(a.done)
	time.AfterFunc(demandEvery-time.Since(began), func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.asks, key)
	})
}
