package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server"
)

// drain ends the listeners once the requests under way are answered, the data's
// first: that it is not ready can be seen to the end where operations have a
// listener of their own.
func (o *serveOptions) drain(ended context.Context, log *slog.Logger, handlers *server.Server, listeners []*listening) error {
	handlers.Drain()
	log.Info("shutting down", "delay", o.delay, "grace", o.grace)
	if _, ok := interruption(ended); ok {
		time.Sleep(o.delay) // a second signal ends the process, and with it this
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ended), o.grace)
	defer cancel()
	for _, l := range listeners {
		err := l.server.Shutdown(ctx)
		if errors.Is(err, context.DeadlineExceeded) {
			_ = l.server.Close() // what is left is cut off: there is nothing more to lose
			return fault.New(fault.Unreachable, "shut down", "", "requests were still under way after %s, and were cut off", o.grace).
				WithHint("--shutdown-grace gives them longer")
		}
		if err != nil {
			return err
		}
	}
	return nil
}
