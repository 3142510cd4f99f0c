package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

func TestSecrets(t *testing.T) {
	const good = "Bearer 0123456789abcdef"
	for name, c := range map[string]struct{ text, secret, says string }{
		"as it is":          {good, good, ""},
		"line break":        {good + "\n", good, ""},
		"Windows":           {good + "\r\n", good, ""},
		"shortest":          {"0123456789abcdef\n", "0123456789abcdef", ""},
		"too short":         {"0123456789abcde\n", "", "fewer than 16 characters"},
		"empty":             {"", "", "fewer than 16 characters"},
		"only breaks":       {strings.Repeat("\n", 40), "", "fewer than 16 characters"},
		"two lines":         {good + "\n" + good, "", "one line"},
		"space at the end":  {good + " \n", "", "without spaces around"},
		"space at the head": {" " + good, "", "without spaces around"},
		"not ASCII":         {good + "é", "", "printable ASCII"},
		"endless":           {strings.Repeat("x", maxSettings+1), "", "more than 1048576 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "secret")
			require.NoError(t, os.WriteFile(path, []byte(c.text), 0o600))
			secret, err := readSecret("--webhook-secret-file", path)
			require.Equal(t, c.secret, secret)
			if c.says == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.says)
			require.ErrorContains(t, err, "read --webhook-secret-file: "+path)
			require.Equal(t, fault.Usage, fault.KindOf(err))
			require.NotContains(t, err.Error(), "0123456789")
		})
	}
	secret, err := readSecret("--webhook-secret-file", "")
	require.NoError(t, err)
	require.Empty(t, secret, "no file, no webhooks")
	_, err = readSecret("--webhook-secret-file", "nowhere")
	require.ErrorContains(t, err, "read --webhook-secret-file: nowhere: no such file or directory")
}
