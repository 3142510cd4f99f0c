package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The commands of docs/deploy.md have flags that there are.
func TestDocumentNamesFlagsThatThereAre(t *testing.T) {
	text, err := os.ReadFile("../../docs/deploy.md")
	require.NoError(t, err)
	commands := regexp.MustCompile(`(?m)^\$ go run \./deploy/image (.+)$`).FindAllStringSubmatch(string(text), -1)
	require.NotEmpty(t, commands)
	for _, command := range commands {
		cmd := newCommand()
		require.NoError(t, cmd.ParseFlags(strings.Fields(command[1])), command[0])
		pushes, err := cmd.Flags().GetStringArray("push")
		require.NoError(t, err)
		_, err = parseTargets(pushes)
		require.NoError(t, err, command[0])
	}
	for _, path := range []string{binaryPath, rootsPath, sbomPath} {
		require.Contains(t, string(text), "\n| `"+path+"` |")
	}
}
