package main

import (
	"errors"
	"fmt"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/rotated"
)

const (
	// shortestSecret is how many characters a secret must have, so that it cannot be
	// guessed by trying.
	shortestSecret = 16
	// mostSecrets is how many count at a time: a new one and the one before.
	mostSecrets = 2
)

// followSecrets reads the secrets of a file, one a line, and gives those that count now,
// as long as the file is replaced; nil without a file. Secrets are never on a command
// line, where everybody on the machine can read them, and no message shows them.
func followSecrets(files *rotated.Files, flag, path string) (func() []string, error) {
	if path == "" {
		return nil, nil
	}
	file, err := rotated.Follow(files, rotated.Source{What: flag, Path: path, MaxBytes: maxSettings}, parseSecrets)
	if err != nil {
		return nil, (&fault.Error{Kind: fault.Usage, Op: "read " + flag, Side: path, Err: err}).
			WithHint("make one with: head -c 32 /dev/urandom | base64")
	}
	return file.Now, nil
}

// parseSecrets finds the secrets in a file's text, without the line break that editors
// put at its end.
func parseSecrets(text []byte) ([]string, error) {
	secrets := strings.Split(strings.ReplaceAll(strings.TrimRight(string(text), "\r\n"), "\r\n", "\n"), "\n")
	if len(secrets) > mostSecrets {
		return nil, fmt.Errorf("it has more than %d lines: one secret a line, a new one and the one before", mostSecrets)
	}
	for _, secret := range secrets {
		switch {
		case len(secret) < shortestSecret:
			return nil, fmt.Errorf("the secret has fewer than %d characters", shortestSecret)
		case secret != strings.TrimSpace(secret) || strings.ContainsFunc(secret, func(r rune) bool { return r < ' ' || r > '~' }):
			// HTTP would change it on its way, so that it never fitted.
			return nil, errors.New("a secret must be printable ASCII, without spaces around it")
		}
	}
	return secrets, nil
}
