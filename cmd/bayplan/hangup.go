package main

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
)

// hangups gives the SIGHUPs of a process from now on, until ctx ends.
func hangups(ctx context.Context) <-chan os.Signal {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGHUP)
	context.AfterFunc(ctx, func() { signal.Stop(signals) })
	return signals
}

// reloadAt does at each signal what goes without a restart: all files with accounts,
// secrets, keys and certificates are looked at, and all sources asked. Flags and settings are
// those of the start, because half of them taken anew would be neither.
func (o *serveOptions) reloadAt(ctx context.Context, signals <-chan os.Signal, log *slog.Logger, r *resolver.Resolver) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-signals:
		}
		log.Info("reloading, because of SIGHUP")
		o.source.files.Look()
		if o.tls.following != nil {
			o.tls.following.look()
		}
		if err := r.Refresh(ctx); err != nil && ctx.Err() == nil {
			log.Warn("reloaded, but there is nothing to serve yet", "error", err)
			continue
		}
		log.Info("reloaded: files with accounts, secrets, keys and certificates were read, and sources asked; flags and settings need a restart")
	}
}
