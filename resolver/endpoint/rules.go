package endpoint

import (
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// maxRedirects is how many redirects one request may take. A registry needs
// one, to where its blobs lie.
const maxRedirects = 5

// rules decide where requests may go: a registry's answers (redirects, token
// realms, links to the next page) are not trusted to name hosts.
type rules struct {
	host          string // in the catalog, for messages
	base          *url.URL
	authHosts     []string
	redirectHosts []string
}

func (r route) rules() rules {
	return rules{host: r.host, base: r.base, authHosts: r.authHosts, redirectHosts: r.redirectHosts}
}

// admit refuses a request that may not be sent, and tells whether it has to be
// sent without credentials. net/http marks a redirected request by the answer
// that caused it.
func (r rules) admit(req *http.Request) (strip bool, err error) {
	if req.URL == nil {
		return false, fault.New(fault.Internal, "", r.host, "request without a URL")
	}
	if req.Response == nil || req.Response.Request == nil {
		return false, r.admitFirst(req)
	}
	return r.admitRedirect(req)
}

// admitFirst is the rule for a request that nobody redirected.
func (r rules) admitFirst(req *http.Request) error {
	if sameOrigin(req.URL, r.base) {
		return nil
	}
	if address(req.URL) == address(r.base) || (req.URL.Host == r.base.Host) {
		return fault.New(fault.Unreachable, "", r.host, "refused to ask over %s a registry that is configured for %s", plain(req.URL.Scheme), r.base.Scheme)
	}
	if req.URL.Host == "" {
		return fault.New(fault.Unreachable, "", r.host, "it asks for a token and does not say where there are some")
	}
	if !listed(req.URL, r.authHosts) {
		return fault.New(fault.Unreachable, "", r.host, "refused to ask %s, where the registry sends us for a token", plain(req.URL.Host)).
			WithHint("if %s belongs to %s, add it to authHosts; it is shown the credentials", plain(req.URL.Host), r.host)
	}
	if req.URL.Scheme != "https" && r.base.Scheme == "https" {
		return fault.New(fault.Unreachable, "", r.host, "refused to send credentials to %s over plain HTTP", plain(req.URL.Host))
	}
	return nil
}

// admitRedirect is the rule for a request that another one's answer caused.
func (r rules) admitRedirect(req *http.Request) (strip bool, err error) {
	previous := req.Response.Request
	first, hops := origin(req)
	target := plain(req.URL.Host)
	switch {
	case hops > maxRedirects:
		return false, fault.New(fault.Unreachable, "", r.host, "redirects more than %d times", maxRedirects)
	case previous.URL.Scheme == "https" && req.URL.Scheme != "https":
		return false, fault.New(fault.Unreachable, "", r.host, "refused its redirect from https to %s at %s", plain(req.URL.Scheme), target)
	}
	strip = !sameOrigin(req.URL, first.URL)
	if strip && req.Method != http.MethodGet && req.Method != http.MethodHead {
		return false, fault.New(fault.Unreachable, "", r.host, "refused its redirect of a %s to another host, %s", plain(req.Method), target)
	}
	if sameOrigin(req.URL, previous.URL) || sameOrigin(req.URL, r.base) || listed(req.URL, r.redirectHosts) {
		return strip, nil
	}
	return false, fault.New(fault.Unreachable, "", r.host, "refused its redirect to another host, %s", target).
		WithHint("if %s belongs to %s, add it to redirectHosts; or make it the url", target, r.host)
}

// origin walks back to the request that started a chain of redirects.
func origin(req *http.Request) (first *http.Request, hops int) {
	for req.Response != nil && req.Response.Request != nil && hops <= maxRedirects {
		req = req.Response.Request
		hops++
	}
	return req, hops
}

// listed tells whether u's host is in the list; an entry without a port means
// the port of u's scheme.
func listed(u *url.URL, hosts []string) bool {
	return slices.ContainsFunc(hosts, func(h string) bool {
		return address(&url.URL{Scheme: u.Scheme, Host: h}) == address(u)
	})
}

func sameOrigin(a, b *url.URL) bool { return a.Scheme == b.Scheme && address(a) == address(b) }

// address is host:port with the scheme's port filled in and letters lowered.
func address(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}
