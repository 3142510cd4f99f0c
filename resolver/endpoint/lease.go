package endpoint

import (
	"context"
	"errors"
	"io"
	"sync"
)

// lease is a request's hold on its slots and its deadline. It ends once: when
// the body ends or is closed, or when the deadline or the caller's context
// ends, so that a body which somebody forgot to close keeps nothing for long.
type lease struct {
	once   sync.Once
	cancel context.CancelFunc
	give   func()
	unhook func() bool
}

func newLease(ctx context.Context, cancel context.CancelFunc, give func()) *lease {
	l := &lease{cancel: cancel, give: give}
	// The slots alone: end would stop the hook that is running.
	l.unhook = context.AfterFunc(ctx, l.release)
	return l
}

func (l *lease) release() { l.once.Do(l.give) }

func (l *lease) end() {
	l.unhook()
	l.cancel()
	l.release()
}

// leasedBody ends the lease with the body.
type leasedBody struct {
	io.ReadCloser
	lease  *lease
	failed func(error) error
}

func (b *leasedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == nil {
		return n, nil
	}
	b.lease.end()
	if !errors.Is(err, io.EOF) {
		err = b.failed(err)
	}
	return n, err
}

func (b *leasedBody) Close() error {
	err := b.ReadCloser.Close()
	b.lease.end()
	return err
}
