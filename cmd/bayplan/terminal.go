package main

import (
	"io"
	"os"

	"golang.org/x/term"
)

// streams is where a command writes: data to out, everything else to err.
type streams struct {
	out, err io.Writer
	colour   bool // out is a terminal that shows colours
	progress bool // err is a terminal: somebody waits
}

func standardStreams() streams {
	plain := os.Getenv("TERM") == "dumb" || os.Getenv("NO_COLOR") != ""
	return streams{
		out: os.Stdout, err: os.Stderr,
		colour:   !plain && isTerminal(os.Stdout),
		progress: os.Getenv("TERM") != "dumb" && isTerminal(os.Stderr),
	}
}

// isTerminal tells whether somebody looks at a file's output as it comes.
func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// The colours that a table may have, as ANSI has them.
const (
	red    = "\x1b[31m"
	yellow = "\x1b[33m"
	faint  = "\x1b[2m"
	reset  = "\x1b[0m"
)

// colours of words that ask for attention, wherever they stand in a table.
var wordColour = map[string]string{"no": red, "unknown": faint, "deprecated": yellow, "-": faint}
