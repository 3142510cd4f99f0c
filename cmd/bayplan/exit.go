package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// The exit codes are part of the contract of the command line. A command that a
// signal ends before it is done has 128 and the signal's number, as in a shell;
// a server that a signal ends is done.
const (
	exitDone     = 0
	exitFindings = 1 // findings, differences, or something was not found
	exitFailure  = 2 // wrong usage, or it could not be done
)

// errFindings ends a command that did its work and found something. The
// command has said what: nothing more is printed.
var errFindings = errors.New("findings")

// run executes a command line and gives the exit code.
func run(ctx context.Context, args []string, std streams) int {
	root := newRootCommand(std) //nolint:contextcheck // commands get it from ExecuteContext
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitDone
	}
	if by, ok := interruption(ctx); ok && (errors.Is(err, by) || errors.Is(err, context.Canceled)) {
		return by.exitCode()
	}
	if errors.Is(err, errFindings) {
		return exitFindings
	}
	printError(std.err, err)
	return exitFailure
}

// printError shows each of the errors that were joined, with its advice below.
func printError(w io.Writer, err error) {
	for _, err := range unjoined(err) {
		fmt.Fprintf(w, "bayplan: %s\n", shown(err.Error()))
		if hint := fault.HintOf(err); hint != "" {
			fmt.Fprintf(w, "  %s\n", strings.ReplaceAll(shown(hint), "\n", "\n  "))
		}
	}
}

// unjoined gives what errors.Join put together last.
func unjoined(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	return joined.Unwrap()
}

// userInfo is the part of a URL that may hold a password.
var userInfo = regexp.MustCompile(`://[^/\s"'@]*@`)

// shown makes a text fit for a terminal: whoever wrote it does not move the
// cursor, and a password that was put into a URL stays where it was put.
func shown(text string) string {
	text = userInfo.ReplaceAllString(text, "://…@")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r < ' ' || r >= 0x7f && r < 0xa0:
			return '\ufffd'
		}
		return r
	}, text)
}
