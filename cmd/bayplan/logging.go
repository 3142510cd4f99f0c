package main

import (
	"io"
	"log/slog"

	"github.com/spf13/cobra"
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
	opts := &slog.HandlerOptions{Level: levels[f.level.value]} // info is the zero level
	if f.format.value == "json" {
		return slog.New(slog.NewJSONHandler(w, opts))
	}
	return slog.New(slog.NewTextHandler(w, opts))
}
