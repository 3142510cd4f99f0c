package kubernetes

import (
	"errors"
	"net/http"
	"strings"

	"k8s.io/client-go/rest"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/rotated"
)

// maxToken bounds the file of a token, in bytes.
const maxToken = 64 << 10

// followToken has each request show the token that its file holds by then, as the
// kubelet replaces it. client-go would read it every 50 s, forget the last good one
// when that is refused, and complain of a broken file at each request.
func followToken(config *rest.Config, files *rotated.Files) error {
	if config.BearerTokenFile == "" {
		return nil
	}
	source := rotated.Source{What: "the token for the cluster", Path: config.BearerTokenFile, MaxBytes: maxToken}
	token, err := rotated.Follow(files, source, readToken)
	if err != nil {
		return err
	}
	config.BearerToken, config.BearerTokenFile = "", ""
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { return &bearing{next, token} })
	return nil
}

// readToken gives the header of a token.
func readToken(content []byte) (string, error) {
	token := strings.TrimSpace(string(content))
	if token == "" || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", errors.New("it holds no token")
	}
	return "Bearer " + token, nil
}

// bearing shows a token on each request.
type bearing struct {
	next  http.RoundTripper
	token *rotated.File[string]
}

// RoundTrip implements http.RoundTripper.
func (b *bearing) RoundTrip(r *http.Request) (*http.Response, error) {
	shown := r.Clone(r.Context()) // it may not be changed
	shown.Header.Set("Authorization", b.token.Now())
	return b.next.RoundTrip(shown)
}
