package resolver

import (
	"context"
	"log/slog"
)

// story gives the log of one refresh, which is one round at one source: each of
// its lines ends with the same number, down to the snapshot that came of it. A
// catalog keeps its number while it waits for hosts.
func (r *Resolver) story() *slog.Logger {
	number := slog.Uint64("refresh", r.stories.Add(1))
	return slog.New(&ending{Handler: r.log.Handler(), with: number})
}

// ending is a handler that puts an attribute last, where it is in nobody's way.
type ending struct {
	slog.Handler
	with slog.Attr
}

// Handle implements slog.Handler.
func (e *ending) Handle(ctx context.Context, record slog.Record) error {
	record = record.Clone()
	record.AddAttrs(e.with)
	return e.Handler.Handle(ctx, record)
}
