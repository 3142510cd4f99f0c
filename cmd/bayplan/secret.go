package main

import (
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// shortestSecret is how many characters a secret must have, so that it cannot be
// guessed by trying.
const shortestSecret = 16

// readSecret reads a secret from a file, without the line break that editors put
// at its end. It is read once, at the start. Secrets are never on a command
// line, where everybody on the machine can read them, and no message shows them.
func readSecret(flag, path string) (string, error) {
	if path == "" {
		return "", nil
	}
	text, err := readFile(path)
	if err != nil {
		return "", &fault.Error{Kind: fault.Usage, Op: "read " + flag, Side: path, Err: withoutPath(err)}
	}
	secret := strings.TrimRight(string(text), "\r\n")
	bad := func(format string, args ...any) error {
		return fault.New(fault.Usage, "read "+flag, path, format, args...).
			WithHint("make one with: head -c 32 /dev/urandom | base64")
	}
	switch {
	case len(secret) < shortestSecret:
		return "", bad("the secret has fewer than %d characters", shortestSecret)
	case secret != strings.TrimSpace(secret) || strings.ContainsFunc(secret, func(r rune) bool { return r < ' ' || r > '~' }):
		// HTTP would change it on its way, so that it never fitted.
		return "", bad("the secret must be one line of printable ASCII, without spaces around it")
	}
	return secret, nil
}
