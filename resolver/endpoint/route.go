package endpoint

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/rotated"
)

// route is a host's configuration once it is found to be sound.
type route struct {
	host          string
	base          *url.URL // scheme and host[:port] only
	prefix        string   // put before repository names; "" or without slashes at its ends
	library       bool     // Docker Hub's short names
	kind          Kind
	authorities   *rotated.File[*x509.CertPool] // nil means the system's
	concurrency   int
	authHosts     []string
	redirectHosts []string
	markers       bool
}

var (
	// hostName is RFC 1123's host name or an IPv4 address, with an optional
	// port; IPv6 addresses stand in brackets.
	hostName = regexp.MustCompile(`^(?:[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?$`)
	// pathPrefix is what the OCI distribution spec allows in repository names.
	pathPrefix = regexp.MustCompile(`^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$`)
)

// namePrefix is what a repository name may begin with.
var namePrefix = regexp.MustCompile(`^[a-z0-9]+(?:[._/-]+[a-z0-9]+)*[._/-]*$`)

// newRoute checks all that was configured for a host, and tells every mistake.
func newRoute(host string, cfg Config, files *rotated.Files) (route, []error) {
	var problems []error
	wrong := func(field, format string, args ...any) {
		problems = append(problems, problem(host, field, format, args...))
	}
	if !hostName.MatchString(host) {
		wrong("", "is no host name; write it as the catalog does, such as registry.example or registry.example:5000")
		return route{}, problems
	}
	cfg, library := withHub(host, cfg)
	r := route{host: host, library: library, kind: cfg.Kind, concurrency: cfg.Concurrency, markers: cfg.Markers}

	var err error
	if r.base, r.prefix, err = parseBase(host, cfg); err != nil {
		wrong("url", "%v", err)
	} else if cfg.PlainHTTP && r.base.Scheme == "https" {
		wrong("plainHTTP", "contradicts the https URL; write http:// or leave plainHTTP out")
	} else if cfg.CAFile != "" && r.base.Scheme == "http" {
		wrong("caFile", "has no use without TLS; write https:// or leave caFile out")
	}
	if r.kind == "" {
		r.kind = OCI
	}
	if r.kind != OCI && r.kind != Harbor {
		wrong("kind", "%q is unknown; write %s or %s", plain(string(cfg.Kind)), OCI, Harbor)
	}
	if r.concurrency == 0 {
		r.concurrency = defaultHostConcurrency
	}
	if r.concurrency < 0 || r.concurrency > maxConcurrency {
		wrong("concurrency", "is %d; write 1 to %d, or leave it out for %d", r.concurrency, maxConcurrency, defaultHostConcurrency)
	}
	if cfg.CAFile != "" {
		if r.authorities, err = followAuthorities(files, host, cfg.CAFile); err != nil {
			wrong("caFile", "%v", err)
		}
	}
	for _, prefix := range cfg.Owns {
		if !namePrefix.MatchString(prefix) {
			wrong("owns", "%q begins no repository name; write for example toolforge- or library/", plain(prefix))
		}
	}
	if r.authHosts, err = hostList(cfg.AuthHosts); err != nil {
		wrong("authHosts", "%v", err)
	}
	if r.redirectHosts, err = hostList(cfg.RedirectHosts); err != nil {
		wrong("redirectHosts", "%v", err)
	}
	return r, problems
}

// parseBase splits the configured URL into where requests go and what is put
// before repository names. Its errors never show the URL: it may hold a
// password, which is one of the mistakes it finds.
func parseBase(host string, cfg Config) (base *url.URL, prefix string, err error) {
	raw := cfg.URL
	if raw == "" {
		raw = host
	}
	if !strings.Contains(raw, "://") {
		if cfg.PlainHTTP {
			raw = "http://" + raw
		} else {
			raw = "https://" + raw
		}
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil, "", errors.New("is no URL; write https://host[:port][/path]")
	}
	u.Host = strings.ToLower(u.Host)
	prefix = strings.Trim(u.Path, "/")
	switch {
	case u.User != nil:
		return nil, "", errors.New("holds credentials; leave them out and keep them in Docker's config.json (docker login)")
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, "", fmt.Errorf("has the scheme %q; write https:// or http://", plain(u.Scheme))
	case u.RawQuery != "" || u.Fragment != "" || u.ForceQuery:
		return nil, "", errors.New("has a query or a fragment; leave it out")
	case !hostName.MatchString(u.Host):
		return nil, "", errors.New("names no host; write https://host[:port][/path]")
	case prefix != "" && !pathPrefix.MatchString(prefix):
		return nil, "", errors.New("has a path that cannot begin a repository name; write lower-case words with slashes between them")
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host}, prefix, nil
}

// repository gives the name at the real host.
func (r route) repository(path string) string {
	if r.library && !strings.Contains(path, "/") {
		path = hubLibrary + path
	}
	if r.prefix == "" {
		return path
	}
	return r.prefix + "/" + path
}

// hostList checks and lower-cases a list of host names.
func hostList(hosts []string) ([]string, error) {
	list := make([]string, 0, len(hosts))
	for _, h := range hosts {
		h = strings.ToLower(h)
		if !hostName.MatchString(h) {
			return nil, fmt.Errorf("%q is no host name; write host or host:port, without https://", plain(h))
		}
		list = append(list, h)
	}
	return list, nil
}

// check tells what is wrong with the options that all hosts share.
func (o Options) check() []error {
	var problems []error
	if o.Concurrency < 0 {
		problems = append(problems, errors.New("concurrency: is negative; leave it out for the default"))
	}
	if o.Timeout < 0 {
		problems = append(problems, errors.New("timeout: is negative; leave it out for the default"))
	}
	if o.MaxBody < 0 {
		problems = append(problems, errors.New("maxBody: is negative; leave it out for the default"))
	}
	return problems
}

// problem is one mistake in the configuration of a host; field may be empty.
func problem(host, field, format string, args ...any) error {
	if i := strings.LastIndexByte(host, '@'); i >= 0 {
		host = "…" + host[i:] // what stands before may be a password
	}
	place := fmt.Sprintf("hosts[%q]", plain(host))
	if field != "" {
		place += "." + field
	}
	return fault.New(fault.Usage, "", place, format, args...)
}
