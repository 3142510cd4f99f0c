package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server"
)

// drain ends the listeners once the requests under way are answered, the data's
// first: that it is not ready can be seen to the end where operations have a
// listener of their own.
func (o *serveOptions) drain(ended context.Context, log *slog.Logger, handlers *server.Server, listeners []*listening) error {
	handlers.Drain()
	for _, l := range listeners {
		l.leaving.begin()
	}
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

// leaving is a handler that, once it is told to, has each answer be the last on its
// connection. A load balancer keeps the connections that it has to a process that
// is not ready any more. With this, those in use are given up by the client, between
// two requests, while the process still answers; closed by the process, one could
// have a request on its way, which nobody would answer. Over HTTP/2 it is GOAWAY.
// So go connections, too, that were let in by an authority that is another one by now.
type leaving struct {
	next     http.Handler
	begun    atomic.Bool
	outdated func(*http.Request) bool // nil where nobody has to prove who asks
}

func (l *leaving) begin() { l.begun.Store(true) }

func (l *leaving) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if l.begun.Load() || l.outdated != nil && l.outdated(r) {
		w.Header().Set("Connection", "close")
	}
	asked(r)
	l.next.ServeHTTP(w, r)
}
