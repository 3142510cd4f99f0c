package main

import (
	"bufio"
	"encoding/json"
	"io"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

// A test server that is told to ends with whoever holds its standard input, and
// so is never left behind by a test suite that was killed.
func TestFakeEndsWithItsStandardInput(t *testing.T) {
	for _, flags := range [][]string{{"--until-stdin-closes"}, {"--until-stdin-closes", "--fault", "registries=stall"}} {
		program, err := exec.LookPath("bayplan") // TestMain put it on PATH
		require.NoError(t, err)
		cmd := exec.CommandContext(t.Context(), program, append([]string{"fake"}, flags...)...)
		stdin, err := cmd.StdinPipe()
		require.NoError(t, err)
		stdout, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		if len(flags) == 1 {
			line, err := bufio.NewReader(stdout).ReadBytes('\n')
			require.NoError(t, err)
			var where addresses
			require.NoError(t, json.Unmarshal(line, &where))
			response, err := testClient.Get(where.URL + "/v1/readyz")
			require.NoError(t, err)
			require.NoError(t, response.Body.Close())
			require.Equal(t, 200, response.StatusCode)
		}
		require.NoError(t, stdin.Close())
		rest, err := io.ReadAll(stdout)
		require.NoError(t, err)
		require.Empty(t, rest)
		require.NoError(t, cmd.Wait(), "exit code 0")
	}
}
