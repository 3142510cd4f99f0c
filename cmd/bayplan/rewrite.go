package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
)

const green = "\x1b[32m"

var lineColour = map[string]string{"+": green, "-": red, "@": faint}

// printFileDiff prints what changes in a file, as git does.
func printFileDiff(std streams, path string, before, after []byte) {
	name := filepath.ToSlash(path)
	text := string(diff.Diff("a/"+name, before, "b/"+name, after))
	_, text, _ = strings.Cut(text, "\n") // the line "diff a b" says nothing more
	for line := range strings.Lines(text) {
		line = shown(strings.TrimSuffix(line, "\n"))
		if colour := lineColour[line[:min(1, len(line))]]; std.colour && colour != "" {
			line = colour + line + reset
		}
		fmt.Fprintln(std.out, line)
	}
}

// rewriteFile puts a new text in the place of an old one, in one step, where the
// file really is, and with the rights that it has.
func rewriteFile(path string, text []byte) error {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if err := writeAtOnce(path, text); err != nil {
		return err
	}
	return os.Chmod(path, info.Mode().Perm())
}
