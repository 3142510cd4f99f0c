package endpoint

import "context"

// slots bounds how many requests are under way. A nil slots has no bound.
type slots chan struct{}

func newSlots(n int) slots { return make(slots, max(n, 1)) }

// take waits for a slot, as long as ctx allows.
func (s slots) take(ctx context.Context) error {
	if s == nil {
		return nil
	}
	select {
	case s <- struct{}{}:
		return nil
	default:
	}
	select {
	case s <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// free gives a slot back.
func (s slots) free() {
	if s != nil {
		<-s
	}
}
