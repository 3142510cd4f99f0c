package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A diff shows the lines that change and no other, and gives the new text.
func TestFileDiff(t *testing.T) {
	real, err := os.ReadFile("../../chart/image-config/values.yaml")
	require.NoError(t, err)
	moved := strings.ReplaceAll(string(real), "docker-registry.tools.wmflabs.org/", "harbor.example/toolforge-pre-built/")
	references := strings.Count(string(real), "docker-registry.tools.wmflabs.org/")
	require.Greater(t, references, 60)
	for name, c := range map[string]struct {
		before, after  string
		removed, added int
	}{
		"a host moves everywhere":        {string(real), moved, references, references},
		"a line among many alike":        {"a:\n  v:\nb:\n  v:\n", "a:\n  w: 1\n  v:\nbb:\n  v:\n", 1, 2},
		"the end had no line break":      {"a\nb", "a\nb\nc\n", 1, 2},
		"the end has none any more":      {"a\nb\n", "a\nb", 1, 1},
		"neither has one":                {"a\nb", "a\nc", 1, 1},
		"from nothing":                   {"", "a\n", 0, 1},
		"lines that look like the marks": {"-- a\n++ b\n@@ c\n", "-- a\n++ d\n@@ c\n", 1, 1},
		"line breaks of other systems":   {"a\r\nb\r\n", "a\r\nc\r\n", 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			text := fileDiff("values.yaml", []byte(c.before), []byte(c.after))
			removed, added := 0, 0
			for i, line := range strings.Split(text, "\n") {
				switch {
				case i < 2 || line == "":
				case line[0] == '-':
					removed++
				case line[0] == '+':
					added++
				}
			}
			require.Equal(t, c.removed, removed, text)
			require.Equal(t, c.added, added, text)
			require.Equal(t, c.after, patched(t, c.before, text))
		})
	}
}

// patched does to a text what a diff says.
func patched(t *testing.T, before, diff string) string {
	t.Helper()
	old := strings.SplitAfter(before, "\n")
	var out strings.Builder
	at := 0
	lines := slices.Collect(strings.Lines(diff))
	for i, line := range lines[2:] {
		text := line[1:]
		if next := i + 3; next < len(lines) && lines[next][0] == '\\' {
			text = strings.TrimSuffix(text, "\n")
		}
		switch line[0] {
		case '@':
			var from int
			_, err := fmt.Sscanf(line, "@@ -%d", &from)
			require.NoError(t, err)
			for at < from-1 {
				out.WriteString(old[at])
				at++
			}
		case '+':
			out.WriteString(text)
		case ' ', '-':
			require.Equal(t, old[at], text, diff)
			if line[0] == ' ' {
				out.WriteString(text)
			}
			at++
		}
	}
	return out.String() + strings.Join(old[at:], "")
}
