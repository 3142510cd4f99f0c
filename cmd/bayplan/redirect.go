package main

import (
	"net/http"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// maxRedirects is how many redirects of one request are followed.
const maxRedirects = 3

// sameServer follows redirects within the server that --server names, and
// nowhere else: what it would send us to, nobody asked for.
func sameServer(next *http.Request, before []*http.Request) error {
	first := before[0].URL
	if next.URL.Scheme != first.Scheme || next.URL.Host != first.Host {
		return fault.New(fault.Unreachable, "", "", "it redirects to another place, %q", next.URL.Scheme+"://"+next.URL.Host).
			WithHint("if that is a Bayplan server, give it to --server")
	}
	if len(before) > maxRedirects {
		return fault.New(fault.Unreachable, "", "", "it redirects more than %d times", maxRedirects)
	}
	return nil
}
