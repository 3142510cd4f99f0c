package inventory_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbor"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
)

// The pairs are those of builds-api.
func TestToolsAndProjects(t *testing.T) {
	for tool, project := range map[string]string{
		"wikibugs":                "tool-wikibugs",
		"my-user--name":           "tool-my-user-char.sep-name",
		"hello---world":           "tool-hello-char.sep-char.sep-world",
		"mixed_-_special-_-chars": "tool-mixed_char.sep-char.sep_special-char.sep_char.sep-chars",
		"wdq_checker":             "tool-wdq_checker",
		"a--b":                    "tool-a-char.sep-b",
		"a":                       "tool-a",
		"tool-x":                  "tool-tool-x",
		"x-charsep-y":             "tool-x-charsep-y",
	} {
		got, ok := inventory.ProjectOf(tool)
		require.True(t, ok, tool)
		require.Equal(t, project, got)
		back, ok := inventory.ToolOf(project)
		require.True(t, ok, project)
		require.Equal(t, tool, back)
	}
}

func TestWhatIsNoToolsName(t *testing.T) {
	for _, tool := range []string{"", "A", "1a", "-a", "_a", "a-", "a_", "a.b", "a/b", "a b", "é", "a\n", strings.Repeat("a", 257), "a%2fb", "..", "tool/x"} {
		_, ok := inventory.ProjectOf(tool)
		require.False(t, ok, "%q", tool)
	}
	for _, project := range []string{
		"", "tool-", "tool", "toolforge", "library", "tool-A", "tool-1a", "tool--a", "tool-a--b", "tool-a__b", "tool-a_-b", "tool-a-",
		"tool-char.sep", "tool-a-char.sep", "tool-a-char.sepb", "tool-achar.sep-b", "tool-a-char.sep-char.sep-", "tool-a.b", "x-tool-a", "tool-a-char.sep.b",
	} {
		_, ok := inventory.ToolOf(project)
		require.False(t, ok, project)
	}
	long, ok := inventory.ProjectOf(strings.Repeat("a", 256))
	require.True(t, ok)
	require.Len(t, long, 261)
}

// Either way round, names come back as they were, and no project is one that
// Harbor cannot have, but for its length.
func FuzzToolsAndProjects(f *testing.F) {
	for _, text := range []string{"wikibugs", "a--b", "mixed_-_special-_-chars", "tool-a-char.sep-b", "tool-a-char.sepb", "x-char.sep"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if project, ok := inventory.ProjectOf(text); ok {
			require.Equal(t, len(project) <= 255, harbor.ValidProject(project), project)
			tool, ok := inventory.ToolOf(project)
			require.True(t, ok)
			require.Equal(t, text, tool)
		}
		if tool, ok := inventory.ToolOf(text); ok {
			project, ok := inventory.ProjectOf(tool)
			require.True(t, ok)
			require.Equal(t, text, project)
		}
	})
}
