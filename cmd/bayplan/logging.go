package main

import (
	"io"
	"log/slog"

	"github.com/spf13/cobra"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// logFlags say what is logged, and how. Logs go to standard error.
type logFlags struct{ level, format choice }

func (f *logFlags) register(cmd *cobra.Command) {
	f.level = newChoice("info", "debug", "warn", "error")
	f.level.register(cmd, "log-level", "", "what to log")
	f.format = newChoice("text", "json")
	f.format.register(cmd, "log-format", "", "how to log")
}

func (f *logFlags) logger(w io.Writer) *slog.Logger {
	levels := map[string]slog.Level{"debug": slog.LevelDebug, "warn": slog.LevelWarn, "error": slog.LevelError}
	opts := &slog.HandlerOptions{Level: levels[f.level.value], ReplaceAttr: withHint} // info is the zero level
	if f.format.value == "json" {
		return slog.New(slog.NewJSONHandler(w, opts))
	}
	return slog.New(slog.NewTextHandler(w, opts))
}

// withHint puts the advice of an error beside it: whoever reads a log wants to
// know what to do.
func withHint(_ []string, a slog.Attr) slog.Attr {
	err, ok := a.Value.Any().(error)
	if !ok {
		return a
	}
	hint := fault.HintOf(err)
	if hint == "" {
		return a
	}
	return slog.Attr{Value: slog.GroupValue(slog.String(a.Key, err.Error()), slog.String("hint", hint))}
}
