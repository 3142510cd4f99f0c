package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
)

// interrupted is the cause of a context that a signal ended.
type interrupted struct{ signal syscall.Signal }

func (i interrupted) Error() string { return "stopped by a signal: " + i.signal.String() }

// exitCode is what shells make of a signal.
func (i interrupted) exitCode() int { return 128 + int(i.signal) }

// untilSignal gives a context that ends, with an [interrupted] cause, at the
// first SIGINT or SIGTERM. After it signals do again what they do by default, so
// that a second Ctrl-C ends a process that takes its time.
func untilSignal() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		select {
		case s := <-signals:
			signal.Stop(signals)
			cancel(interrupted{s.(syscall.Signal)})
		case <-ctx.Done():
			signal.Stop(signals)
		}
	}()
	return ctx, func() { cancel(nil) }
}

// interruption tells whether a signal ended ctx.
func interruption(ctx context.Context) (interrupted, bool) {
	return errors.AsType[interrupted](context.Cause(ctx))
}
