package harbortest

import (
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Harbor is the stand-in. All its methods may be called at any time, also while
// it serves. Make one with [New]; call Close when it is no longer needed.
type Harbor struct {
	opts     Options
	accounts accounts
	sessions sessions
	log      requestLog
	faults   faultList
	blobs    blobStore
	profiles sync.Map // profileKey → *content
	uploads  http.Handler
	commits  commits
	hooks    *webhooks
	signer   tokenSigner
	pulls    pullFlush

	delay                                atomic.Int64
	databaseDown, registryDown, coreDown atomic.Bool

	// mu guards state. It is never held over I/O: answers are built under it and
	// written after it.
	mu    sync.RWMutex
	state state
}

// New makes a Harbor with one user, "admin", and one public project, "library",
// as a fresh installation has.
func New(opts Options) *Harbor {
	h := &Harbor{opts: opts.withDefaults()}
	h.accounts.init(h.opts.AdminPassword)
	h.sessions.init()
	h.log.init(h.opts.LogLimit)
	h.signer.init()
	h.uploads = newUploads(&h.blobs)
	h.hooks = newWebhooks(h.opts)
	h.state.init()
	h.AddProject("library", Public)
	return h
}

// Close ends what goes on in the background: webhook deliveries and the flush
// of pulls. Requests are still answered.
func (h *Harbor) Close() {
	h.hooks.close()
	h.pulls.stop()
}

// Delay makes every request wait before it is worked on, until another Delay
// says otherwise. It stands for the network and for Harbor's own slowness.
func (h *Harbor) Delay(d time.Duration) { h.delay.Store(int64(d)) }

// ServeHTTP implements [http.Handler].
func (h *Harbor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rt := h.route(r)
	who := h.viewer(r)
	aw := &answerWriter{ResponseWriter: w, entry: h.log.begin(r, rt, who)}
	defer h.log.end()
	next := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.serve(w, r, rt, who) })
	if d := time.Duration(h.delay.Load()); d > 0 && !wait(r.Context(), d) {
		return
	}
	if fault := h.faults.match(aw.entry.seen()); fault != nil {
		fault(aw, r, next)
		return
	}
	next(aw, r)
}

// serve answers one request as Harbor, without any fault of ours.
func (h *Harbor) serve(w http.ResponseWriter, r *http.Request, rt route, who viewer) {
	if h.coreDown.Load() {
		badGateway(w)
		return
	}
	h.sessions.set(w, r)
	requestID(w, r)
	if h.opts.Nginx {
		w = &nginxWriter{ResponseWriter: w}
	}
	if h.databaseDown.Load() && rt.needsDatabase() {
		internalError().write(w)
		return
	}
	if rt.handle == nil {
		rt.notFound(w, r)
		return
	}
	rt.handle(h, w, &call{Request: r, route: rt, who: who})
}

// call is a request with what routing and authentication made of it.
type call struct {
	*http.Request
	route
	who viewer
}
