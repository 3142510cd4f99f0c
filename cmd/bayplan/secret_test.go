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
	const good, other = "Bearer 0123456789abcdef", "Bearer fedcba9876543210"
	one, both := []string{good}, []string{good, other}
	for name, c := range map[string]struct {
		text string
		want []string
		says string
	}{
		"as it is":          {good, one, ""},
		"line break":        {good + "\n", one, ""},
		"Windows":           {good + "\r\n", one, ""},
		"shortest":          {"0123456789abcdef\n", []string{"0123456789abcdef"}, ""},
		"too short":         {"0123456789abcde\n", nil, "fewer than 16 characters"},
		"empty":             {"", nil, "fewer than 16 characters"},
		"only breaks":       {strings.Repeat("\n", 40), nil, "fewer than 16 characters"},
		"two lines":         {good + "\n" + other, both, ""},
		"two, Windows":      {good + "\r\n" + other + "\r\n", both, ""},
		"three lines":       {good + "\n" + other + "\n" + good, nil, "more than 2 lines"},
		"one of them short": {good + "\nshort", nil, "fewer than 16 characters"},
		"a line between":    {good + "\n\n" + other, nil, "more than 2 lines"},
		"space at the end":  {good + " \n", nil, "without spaces around"},
		"space at the head": {" " + good, nil, "without spaces around"},
		"not ASCII":         {good + "é", nil, "printable ASCII"},
		"endless":           {strings.Repeat("x", maxSettings+1), nil, "more than 1048576 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "secret")
			require.NoError(t, os.WriteFile(path, []byte(c.text), 0o600))
			secrets, err := followSecrets(nil, "--webhook-secret-file", path)
			if c.says == "" {
				require.NoError(t, err)
				require.Equal(t, c.want, secrets())
				return
			}
			require.ErrorContains(t, err, c.says)
			require.ErrorContains(t, err, "read --webhook-secret-file: "+path)
			require.Equal(t, fault.Usage, fault.KindOf(err))
			require.NotContains(t, err.Error(), "0123456789")
		})
	}
	secrets, err := followSecrets(nil, "--webhook-secret-file", "")
	require.NoError(t, err)
	require.Nil(t, secrets, "no file, no webhooks")
	_, err = followSecrets(nil, "--webhook-secret-file", "nowhere")
	require.ErrorContains(t, err, "read --webhook-secret-file: nowhere: no such file or directory")
}
