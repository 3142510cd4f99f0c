package endpoint

import (
	"context"
	"errors"
	"maps"
	"net/url"
	"slices"
	"strings"

	lru "github.com/hashicorp/golang-lru/v2"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// Directory gives the endpoint of any host. It is safe for concurrent use.
type Directory struct {
	opts       Options
	slots      slots // of all hosts together
	configured map[string]*Endpoint
	others     *lru.Cache[string, *Endpoint] // those that are not, by host
}

// maxOthers is how many hosts are remembered that are not configured. Catalogs name
// them, and each has a pool of connections.
const maxOthers = 1000

// New makes a directory of the hosts that are configured, keyed by their names
// in the catalog ("registry.example", "registry.example:5000").
//
// Every mistake in every host is reported at once, in one error of kind
// [fault.Usage] whose lines name host and field and say what to write instead.
func New(hosts map[string]Config, opts Options) (*Directory, error) {
	problems := opts.check()
	opts = opts.withDefaults()
	d := &Directory{opts: opts, slots: newSlots(opts.Concurrency), configured: make(map[string]*Endpoint, len(hosts)), others: newOthers()}
	for _, host := range slices.Sorted(maps.Keys(hosts)) {
		name := strings.ToLower(host)
		e, errs := d.endpoint(name, hosts[host])
		if d.configured[name] != nil {
			errs = append(errs, problem(host, "", "is configured twice; keep one spelling"))
		}
		problems = append(problems, errs...)
		d.configured[name] = e
	}
	if len(problems) > 0 {
		return nil, &fault.Error{Kind: fault.Usage, Op: "configure registry hosts", Err: errors.Join(problems...)}
	}
	return d, nil
}

// For gives the endpoint of a host as the catalog names it. A host that is not
// configured is https://<host>. The result is never nil, cheap to get, and shared by
// all who ask while not too many other hosts are asked for; a name that is no host gives an endpoint whose requests all fail with
// [fault.Usage].
func (d *Directory) For(host string) *Endpoint {
	host = strings.ToLower(host)
	if e, ok := d.configured[host]; ok {
		return e
	}
	if e, ok := d.others.Get(host); ok {
		return e
	}
	e, problems := d.endpoint(host, Config{})
	if len(problems) > 0 {
		e = d.broken(host, errors.Join(problems...))
	}
	if before, there, _ := d.others.PeekOrAdd(host, e); there {
		return before
	}
	return e
}

// newOthers makes room for hosts that are not configured. One that was not asked for
// the longest is forgotten; who has its endpoint keeps that.
func newOthers() *lru.Cache[string, *Endpoint] {
	others, err := lru.NewWithEvict(maxOthers, func(_ string, gone *Endpoint) { gone.transport.closeIdle() })
	if err != nil {
		panic("endpoint: " + err.Error()) // the number is positive
	}
	return others
}

// CloseIdle closes the pooled connections that are not in use. The directory
// can be used afterwards.
func (d *Directory) CloseIdle() {
	for _, e := range d.configured {
		e.transport.closeIdle()
	}
	for _, e := range d.others.Values() {
		e.transport.closeIdle()
	}
}

// endpoint makes the endpoint of one host, or tells all that is wrong with it.
func (d *Directory) endpoint(host string, cfg Config) (*Endpoint, []error) {
	r, problems := newRoute(host, cfg, d.opts.Files)
	if len(problems) > 0 {
		return nil, problems
	}
	return &Endpoint{
		route:       r,
		credentials: d.opts.Credentials,
		renewals:    d.opts.Renewals,
		maxBody:     d.opts.MaxBody,
		transport: &transport{
			rules:     r.rules(),
			pool:      newWays(r, d.opts.Timeout),
			host:      newSlots(r.concurrency),
			all:       d.slots,
			timeout:   d.opts.Timeout,
			userAgent: []string{d.opts.UserAgent},
		},
	}, nil
}

// broken makes the endpoint of something that is no host name.
func (d *Directory) broken(host string, err error) *Endpoint {
	refusal := &fault.Error{Kind: fault.Usage, Op: "reach registry", Side: plain(host), Err: err}
	return &Endpoint{
		route:     route{host: host, kind: OCI, base: &url.URL{Scheme: "https", Host: "invalid"}, concurrency: 1},
		maxBody:   d.opts.MaxBody,
		transport: &transport{broken: refusal, pool: newWays(route{concurrency: 1}, 0)},
	}
}

// anonymous is the CredentialFunc of options without one.
func anonymous(context.Context, string) (Credential, error) { return Credential{}, nil }
