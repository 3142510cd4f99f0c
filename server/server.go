// Package server publishes snapshots over HTTP: the routes, bodies, caching and
// error answers of the contract in schemas/openapi.yaml.
//
// A [Server] follows a resolver and makes the bytes of the common answers once
// for each snapshot; handlers send them. Its data routes and its operations
// routes are two handlers, so that either can be mounted elsewhere; listening
// is the caller's business. It asks no registry, executes no template and
// decides no rule of the catalog. The published shapes are package server/api.
package server

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/mux"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/web"
)

// View is what the server needs of a resolver. One that is a [Versions] too
// answers for other versions of the catalog.
type View interface {
	// Follow calls f with each snapshot, one at a time and in order.
	Follow(f func(*snapshot.Snapshot))
	// Status tells how the sources fare now.
	Status() resolver.Status
	// RefreshTool asks what a tool's users built, now, and waits for the answer.
	RefreshTool(ctx context.Context, tool string) error
	// RefreshHost asks one registry about the standard images that it has, now,
	// and waits.
	RefreshHost(ctx context.Context, host string) error
	// RefreshLive asks everything that can change, now, and waits.
	RefreshLive(ctx context.Context) error
	// Hint says that something may have changed in a project; false if there are
	// so many hints that this one is dropped.
	Hint(project string) bool
}

// Options adjust a [Server]. The zero value works.
type Options struct {
	// Logger gets failed requests, and all of them at debug level; nil discards
	// them.
	Logger *slog.Logger
	// Metrics counts requests and is served at /v1/metrics; nil makes one.
	Metrics *Metrics
	// RetryAfter is what an answer 503 advises; 0 means 2 s.
	RetryAfter time.Duration
	// Proven tells whether the header X-Toolforge-Tool of a request is to be
	// believed; nil believes it from whoever has shown a client certificate that
	// the listener verified, and on loopback.
	Proven func(*http.Request) bool
	// EventReaders is how many may follow events at a time; 0 means 1,000. More
	// are turned away.
	EventReaders int
	// ClientRate is how many requests a second one client may send to the data
	// routes, on average: the tool that a believed header names, else the address
	// that it comes from. More are answered 503 with Retry-After; 0 bounds nothing.
	ClientRate float64
	// ClientBurst is how many of them may come at once; 0 means two seconds' worth.
	ClientBurst int
	// CrossOrigins are those whose pages may read the public routes in a browser,
	// without credentials, each as a browser sends it (https://HOST[:PORT]); "*" is
	// all. With none, none may.
	CrossOrigins []string
	// WebhookSecrets gives what Harbor's webhook policies send as Authorization, now:
	// several while one takes the place of another. nil takes no webhooks.
	WebhookSecrets func() []string
}

// Server answers requests from the newest snapshot.
type Server struct {
	view     View
	log      *slog.Logger
	metrics  *Metrics
	retry    []string
	pages    atomic.Pointer[pages] // nil until the first snapshot
	openapi  *body
	draining atomic.Bool

	site       *web.Site
	siteAssets map[string]*body // by name
	sitePages  *kept[sitePage]  // by address

	proven         func(*http.Request) bool
	webhookSecrets func() []string // nil for none
	admission      admission
	origins        *crossOrigin    // nil for none
	toolLists      *kept[toolList] // by project
	lastList       atomic.Pointer[madeList]
	versions       *kept[*pages]    // by identity and day
	diffs          *kept[*lazyBody] // by the identities of both
	lastDrift      atomic.Pointer[madeDrift]
	lastPublic     atomic.Pointer[publicChange] // nil until the first snapshot
	keptRecords    int                          // more user-built images than that are streamed
	streams        slots

	journal       *journal
	eventReaders  slots
	heartbeat     time.Duration // heartbeatEvery
	eventPatience time.Duration // how long one who follows events may take nothing
	eventsEnded   chan struct{} // closed by EndEvents
	endEvents     sync.Once
}

// New makes a server and begins to follow the view. It gives an error if the
// metrics belong to another server already, or one of the origins is none.
func New(view View, opts Options) (*Server, error) {
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	if opts.Metrics == nil {
		opts.Metrics = NewMetrics()
	}
	if opts.RetryAfter <= 0 {
		opts.RetryAfter = 2 * time.Second
	}
	if opts.EventReaders <= 0 {
		opts.EventReaders = maxEventReaders
	}
	document, err := openapiBody()
	if err != nil {
		return nil, err
	}
	origins, err := newCrossOrigin(opts.CrossOrigins)
	if err != nil {
		return nil, err
	}
	site, err := web.New()
	if err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	s := &Server{
		site: site, siteAssets: assetBodies(site), sitePages: newKept[sitePage](keptPageBytes),
		view: view, log: opts.Logger, metrics: opts.Metrics, retry: seconds(opts.RetryAfter), openapi: document,
		proven: opts.Proven, webhookSecrets: opts.WebhookSecrets, origins: origins,
		admission: admission{clients: newClientLimits(opts.ClientRate, opts.ClientBurst), memory: newMemoryGate()},
		toolLists: newKept[toolList](keptToolBytes), keptRecords: keptRecords, streams: make(slots, maxStreams),
		journal: newJournal(), eventReaders: make(slots, opts.EventReaders), heartbeat: heartbeatEvery, eventPatience: eventPatience,
		eventsEnded: make(chan struct{}),
		versions:    newKept[*pages](keptVersionBytes), diffs: newKept[*lazyBody](keptDiffBytes),
	}
	if s.proven == nil {
		s.proven = proven
	}
	if err := opts.Metrics.watch(s); err != nil {
		return nil, fmt.Errorf("server: watch the metrics: %w", err)
	}
	view.Follow(s.take)
	return s, nil
}

// take answers from a snapshot from now on, and then tells what changed: whoever
// asks because of an event gets an answer that knows of it.
func (s *Server) take(next *snapshot.Snapshot) {
	before := s.pages.Load()
	p := s.newPages(next)
	if before == nil {
		s.noteChange(nil, next, nil, true)
		s.pages.Store(p)
		s.journal.write(p, nil, true)
		return
	}
	s.pages.Store(p)
	news, ok := p.changesSince(before)
	s.noteChange(before.snapshot, next, news, ok)
	s.journal.write(p, news, ok)
}

// Drain makes readiness fail, so that no new requests are sent here while the
// ones under way are finished.
func (s *Server) Drain() { s.draining.Store(true) }

// Data gives the routes about images and the catalog, pages for browsers among
// them.
func (s *Server) Data() http.Handler {
	router := s.router()
	return &front{list: s.dataRoutes(router), router: router}
}

// Operations gives the routes for those who run the service: health, readiness
// and metrics.
func (s *Server) Operations() http.Handler {
	router := s.router()
	s.operationsRoutes(router)
	return router
}

// Handler gives all routes.
func (s *Server) Handler() http.Handler {
	router := s.router()
	list := s.dataRoutes(router)
	s.operationsRoutes(router)
	return &front{list: list, router: router}
}

// router makes a router that takes paths as they come: a path that has to be
// cleaned is not one of ours, and redirects would lose the gateway's prefix.
func (s *Server) router() *mux.Router {
	router := mux.NewRouter().SkipClean(true)
	router.NotFoundHandler = s.route("other", s.routeNotFound)
	return router
}

// dataRoutes gives the handler of the list as well, for those in a hurry.
func (s *Server) dataRoutes(router *mux.Router) (list http.Handler) {
	list = s.publicRoute(listPath, s.listImages)
	router.Path(listPath).Handler(list)
	// A name is any text at all, line breaks too.
	router.Path("/v1/images/{name:(?s:.+)}").Handler(s.publicRoute("/v1/images/{name}", s.getImage))
	router.Path("/v1/tool/{toolname}/images").Handler(s.route("/v1/tool/{toolname}/images", s.guarded(s.listToolImages)))
	router.Path("/v1/tool/{toolname}/images/resolve").Handler(s.route("/v1/tool/{toolname}/images/resolve", s.guarded(s.resolveImages)))
	router.Path(eventsPath).Handler(s.publicRoute(eventsPath, s.getEvents))
	router.Path(toolEventsPath).Handler(s.route(toolEventsPath, s.guarded(s.getToolEvents)))
	router.Path("/v1/image-config").Handler(s.publicRoute("/v1/image-config", s.getImageConfig))
	router.Path("/v1/catalog").Handler(s.publicRoute("/v1/catalog", s.getCatalog))
	router.Path("/v1/catalog/versions").Handler(s.publicRoute("/v1/catalog/versions", s.getVersions))
	router.Path("/v1/catalog/diff").Handler(s.publicRoute("/v1/catalog/diff", s.getDiff))
	router.Path("/v1/drift").Handler(s.publicRoute("/v1/drift", s.getDrift))
	// Bytes that are there, and who reads them is new here: they are never short.
	router.Path("/openapi.json").Handler(s.origins.wrap(s.route("/openapi.json", s.getOpenAPI)))
	if s.webhookSecrets != nil {
		router.Path(webhookPath).Handler(s.routeFor(webhookPath, s.harborWebhook))
	}
	s.siteRoutes(router)
	return list
}

func (s *Server) operationsRoutes(router *mux.Router) {
	router.Path("/v1/healthz").Handler(s.route("/v1/healthz", s.getHealth))
	router.Path("/v1/readyz").Handler(s.route("/v1/readyz", s.getReadiness))
	router.Path("/v1/metrics").Handler(s.route("/v1/metrics", s.getMetrics))
}
