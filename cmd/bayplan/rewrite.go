package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const green = "\x1b[32m"

var lineColour = map[string]string{"+": green, "-": red, "@": faint}

// printFileDiff prints what changes in a file, as git does.
func printFileDiff(std streams, path string, before, after []byte) {
	for line := range strings.Lines(fileDiff(filepath.ToSlash(path), before, after)) {
		line = shown(strings.TrimSuffix(line, "\n"))
		if colour := lineColour[line[:min(1, len(line))]]; std.colour && colour != "" {
			line = colour + line + reset
		}
		fmt.Fprintln(std.out, line)
	}
}

// rewriteFile puts a new text in the place of an old one, in one step, where the
// file really is, and with the rights that it has. Where the old one is not there
// any more, somebody else is at work: theirs stays.
func rewriteFile(path string, before, text []byte) error {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if is, err := os.ReadFile(path); err != nil {
		return err
	} else if !bytes.Equal(is, before) {
		return errors.New("somebody else changed it meanwhile, and nothing was written: try again")
	}
	if err := writeAtOnce(path, text); err != nil {
		return err
	}
	return os.Chmod(path, info.Mode().Perm())
}
