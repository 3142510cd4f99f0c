package main

import (
	"os"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// readSecret reads a secret from a file, without the line break that editors put
// at its end. Secrets are never on a command line, where everybody on the
// machine can read them.
func readSecret(flag, path string) (string, error) {
	if path == "" {
		return "", nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fault.Wrap(fault.Usage, "", flag, err)
	}
	secret := strings.TrimRight(string(text), "\r\n")
	if len(secret) < 16 {
		return "", fault.New(fault.Usage, "", flag, "the secret in %s has fewer than 16 characters", path).
			WithHint("make one with: head -c 32 /dev/urandom | base64")
	}
	return secret, nil
}
