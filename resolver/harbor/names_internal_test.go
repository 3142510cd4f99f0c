package harbor

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The grammars as they are published, to compare with.
var (
	projectGrammar    = regexp.MustCompile(`^[a-z0-9]+(?:[._-][a-z0-9]+)*$`)
	repositoryGrammar = regexp.MustCompile(`^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$`)
	tagGrammar        = regexp.MustCompile(`^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$`)
	digestGrammar     = regexp.MustCompile(`^(?:sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128})$`)
)

func FuzzNames(f *testing.F) {
	for _, s := range []string{
		"", "a", "tool-x", "tool--x", "tool_x", "tool__x", "tool___x", "tool.x", "tool..x", "tool-a-char.sep-b", "a-_b", "-a", "a-", "A",
		"a/b", "a//b", "/a", "a/", "a/b--c", "a/b__c", "a/b._c", "é", "a\n", "latest", "_x", ".x", "-x", "1.0_build.5",
		strings.Repeat("a", 127), strings.Repeat("a", 128), strings.Repeat("a", 129), strings.Repeat("a", 255), strings.Repeat("a", 256),
		"sha256:" + strings.Repeat("0a", 32), "sha256:" + strings.Repeat("0A", 32), "sha512:" + strings.Repeat("0a", 64),
		"sha256:" + strings.Repeat("0a", 64), "sha1:" + strings.Repeat("0a", 20), "sha512", "sha256:",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		require.Equal(t, len(s) <= 255 && projectGrammar.MatchString(s), ValidProject(s), "project %q", s)
		require.Equal(t, repositoryGrammar.MatchString(s), validPath(s), "path %q", s)
		require.Equal(t, tagGrammar.MatchString(s), validTag(s), "tag %q", s)
		require.Equal(t, digestGrammar.MatchString(s), validDigest(s), "digest %q", s)
		project, name := SplitName(s)
		require.Equal(t, len(s) <= 255 && ValidProject(project) && repositoryGrammar.MatchString(name), ValidRepository(s), "repository %q", s)
	})
}
