package server

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/web"
)

// siteRoutes are the pages for browsers. Each has its painter in a file of its
// own (siteimages.go, …); package server/web says what else a new one takes.
func (s *Server) siteRoutes(router *mux.Router) {
	router.Path("/").Handler(s.pageRoute("/", s.show(s.paintImages)))
	router.Path("/images/{name:(?s:.+)}").Handler(s.pageRoute("/images/{name}", s.show(s.paintImage)))
	router.Path("/tools").Handler(s.pageRoute("/tools", s.findTool(s.show(s.paintTools))))
	router.Path("/tools/{toolname}").Handler(s.pageRoute("/tools/{toolname}", s.show(s.paintTool)))
	router.Path("/catalog").Handler(s.pageRoute("/catalog", s.showNow(s.paintCatalog)))
	router.Path("/drift").Handler(s.pageRoute("/drift", s.show(s.paintDrift)))
	router.Path("/assets/{file}").Handler(s.route("/assets/{file}", s.getAsset))
	router.NotFoundHandler = s.route("other", s.nothingThere)
}

// Header values of pages and assets.
var (
	typeHTML        = []string{"text/html; charset=utf-8"}
	immutable       = []string{"public, max-age=31536000, immutable"}
	sitePolicy      = []string{web.Policy}
	noReferrer      = []string{"no-referrer"}
	framesDenied    = []string{"DENY"}
	sameOrigin      = []string{"same-origin"}
	nothingAllowed  = []string{"camera=(), geolocation=(), microphone=(), payment=(), usb=()"}
	varyAcceptAlone = []string{"Accept"}
)

// keptPageBytes bounds the pages that are kept for the next request.
const keptPageBytes = 8 << 20

// protect sets what a browser is told of every page, whatever its status.
func protect(h http.Header) {
	h["Content-Security-Policy"] = sitePolicy
	h["X-Content-Type-Options"] = notSniffed
	h["X-Frame-Options"] = framesDenied // for browsers that do not know frame-ancestors
	h["Referrer-Policy"] = noReferrer
	h["Cross-Origin-Opener-Policy"] = sameOrigin
	h["Cross-Origin-Resource-Policy"] = sameOrigin
	h["Permissions-Policy"] = nothingAllowed
}

// pageRoute is [Server.route] for a page. No page of another origin may read it:
// what other origins may have is in the API.
func (s *Server) pageRoute(name string, answer endpoint) http.Handler {
	guarded := s.guardedBy(answer, s.turnAwayReader)
	return s.route(name, func(w http.ResponseWriter, r *http.Request) int {
		protect(w.Header())
		return s.orSorry(w, r, name, guarded)
	})
}

// turnAwayReader is the page of a request that is turned away.
func (s *Server) turnAwayReader(w http.ResponseWriter, r *http.Request, why string, wait time.Duration) int {
	return s.fails(w, r, &web.Failure{
		Frame: web.Frame{Title: "Too much is asked just now"}, Status: http.StatusServiceUnavailable, RetryAfter: max(wait, s.retryAfter()),
		Text: []string{sentence(why)},
	})
}

// orSorry answers with a page in place of one that met a defect, and so forgets the
// headers that it had set. If that meets one as well, the route answers as for all
// others.
func (s *Server) orSorry(w http.ResponseWriter, r *http.Request, name string, answer endpoint) (status int) {
	defer func() {
		failure := recover()
		switch failure {
		case nil:
			return
		case http.ErrAbortHandler:
			panic(failure)
		}
		s.logDefect(r, name, failure)
		clear(w.Header())
		protect(w.Header())
		status = s.fails(w, r, &web.Failure{
			Frame: web.Frame{Title: "Something went wrong on our side"}, Status: http.StatusInternalServerError,
			Text: []string{"This page cannot be shown. What happened is in the log of the service."},
		})
	}()
	return answer(w, r)
}

// visit is what a page is made of: one snapshot, how its sources fare, and the
// frame that the page's model begins with. Of the catalog a page that is kept may
// show its version and reference: the rest knows the clock, or this process.
type visit struct {
	public  publicChange // before or of pages, never after
	pages   *pages
	catalog api.Catalog
	frame   web.Frame
}

// painter makes the model of a page, or of the failure to show in its place. It
// shows what anyone may see: a browser proves no tool. The model depends on the
// visit and on the address alone, but for a page that [Server.showNow] shows.
type painter func(r *http.Request, v *visit) (web.Page, *web.Failure)

// madeOf is what a page was drawn from, as far as anyone may see it. What is
// pushed to a private project makes no page be drawn anew: not even how long an
// answer takes tells of it.
type madeOf struct {
	public  publicChange
	context builtContext
	known   bool   // whether anybody ever said what tools built
	rest    string // the catalog's version, and how sources fare
}

func (v *visit) madeOf() madeOf {
	return madeOf{
		public: v.public, context: v.pages.context, known: v.pages.snapshot.Users.Known,
		rest: v.catalog.Version + " " + v.catalog.Reference + " " + string(encode(v.frame)),
	}
}

// sitePage is a page that was drawn, and what it was made of.
type sitePage struct {
	of   madeOf
	body *lazyBody
}

// show answers with a page that has an entity tag: of equal facts, and sources
// that fare alike, every replica makes the same bytes, whatever the clock says.
func (s *Server) show(paint painter) endpoint {
	return func(w http.ResponseWriter, r *http.Request) int {
		v, failure := s.visit(r)
		if failure != nil {
			return s.fails(w, r, failure)
		}
		key, of := r.URL.EscapedPath()+"?"+r.URL.RawQuery, v.madeOf()
		if kept, ok := s.sitePages.get(key); ok && kept.of == of {
			return kept.body.serve(w, r)
		}
		page, failure := paint(r, v)
		if failure != nil {
			return s.fails(w, r, failure)
		}
		text := s.draw(page)
		b := &lazyBody{make: func() *body { return plainBody(typeHTML, text, "") }}
		s.sitePages.put(key, sitePage{of, b}, len(key)+len(of.rest)+len(text)+len(text)/2) // the codings make it half as much again
		return b.serve(w, r)
	}
}

// showNow answers with a page that knows the clock, and so has no entity tag.
func (s *Server) showNow(paint painter) endpoint {
	return func(w http.ResponseWriter, r *http.Request) int {
		v, failure := s.visit(r)
		if failure != nil {
			return s.fails(w, r, failure)
		}
		page, failure := paint(r, v)
		if failure != nil {
			return s.fails(w, r, failure)
		}
		return s.sendOnce(w, r, http.StatusOK, s.draw(page))
	}
}

// sendOnce sends a page that is not to be kept by anybody.
func (s *Server) sendOnce(w http.ResponseWriter, r *http.Request, status int, text []byte) int {
	b := plainBody(typeHTML, text, "")
	chosen := &b.coded[identity]
	if c := accepted(r); c != identity {
		if b.code(c, brisk); b.coded[c].bytes != nil {
			chosen = &b.coded[c]
		}
	}
	h := w.Header()
	h["Content-Type"] = typeHTML
	h["Cache-Control"] = notStored
	h["Content-Length"] = chosen.length
	if chosen.encoding != nil {
		h["Content-Encoding"] = chosen.encoding
	}
	if h["Vary"] == nil {
		h["Vary"] = varyEncoding
	}
	w.WriteHeader(status)
	_, _ = w.Write(chosen.bytes) // nothing is sent to HEAD; an error is the client's going away
	return status
}

// draw gives the bytes of a page. A template that fails is a defect, which
// [Server.route] answers for.
func (s *Server) draw(page web.Page) []byte {
	text, err := s.site.Draw(page)
	if err != nil {
		panic(err)
	}
	return text
}

// visit begins a page, or says why there is none yet.
func (s *Server) visit(r *http.Request) (*visit, *web.Failure) {
	public, p, status := s.lastPublic.Load(), s.pages.Load(), s.view.Status()
	if public == nil || p == nil || status.Served == nil {
		return nil, &web.Failure{
			Frame: web.Frame{Title: "Not ready yet"}, Status: http.StatusServiceUnavailable, RetryAfter: s.retryAfter(),
			Text: []string{"There is nothing to show yet: " + whyNotReady(status) + ".", "This page comes again by itself in a moment; where scripts are off, load it again."},
		}
	}
	v := &visit{public: *public, pages: p, catalog: catalogStatus(p, *public, status)}
	v.frame = web.Frame{Root: web.RootOf(r.URL.EscapedPath()), Troubles: troubles(v.catalog)}
	if refused := v.catalog.Refused; refused != nil {
		v.frame.Refused = &web.Refusal{Version: refused.Version, Reason: refused.Reason}
	}
	return v, nil
}

// fails answers with the page of a failure: the only way in which a page has a
// status of 400 or more.
func (s *Server) fails(w http.ResponseWriter, r *http.Request, f *web.Failure) int {
	if f.Root == "" {
		f.Root = web.RootOf(r.URL.EscapedPath())
	}
	if f.RetryAfter > 0 {
		w.Header()["Retry-After"] = seconds(f.RetryAfter)
	}
	return s.sendOnce(w, r, f.Status, s.draw(f))
}

// retryAfter is what an answer 503 advises.
func (s *Server) retryAfter() time.Duration {
	d, err := time.ParseDuration(s.retry[0] + "s")
	if err != nil {
		return time.Second // it is a number
	}
	return d
}

// badAddress is the failure of an address that cannot be understood.
func badAddress(v *visit, err error) *web.Failure {
	v.frame.Title = "This address cannot be read"
	var bad *badParameter
	text := "Its query cannot be read."
	if errors.As(err, &bad) {
		text = sentence(bad.text)
	}
	return &web.Failure{Frame: v.frame, Status: http.StatusBadRequest, Text: []string{text}}
}

// sentence makes one of a text that goes on elsewhere.
func sentence(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:] + "."
}

// nothingThere answers for a path that leads nowhere: a browser by a page, others
// as the API does.
func (s *Server) nothingThere(w http.ResponseWriter, r *http.Request) int {
	if !wantsPage(r) {
		return s.routeNotFound(w, r)
	}
	protect(w.Header())
	w.Header()["Vary"] = varyAcceptAlone
	return s.fails(w, r, &web.Failure{
		Frame: web.Frame{Title: "There is no such page"}, Status: http.StatusNotFound,
		Text: []string{"Nothing is at " + shown(r.URL.Path) + "."},
	})
}

// wantsPage tells whether a request for what is not there comes from somebody who
// looks at it: a browser names HTML, programs do not. The API answers all alike.
func wantsPage(r *http.Request) bool {
	accept := single(r.Header["Accept"])
	return strings.Contains(accept, "text/html") && !strings.HasPrefix(r.URL.Path, "/v1/") && r.Method == http.MethodGet
}

// getAsset sends a style sheet, script or icon.
func (s *Server) getAsset(w http.ResponseWriter, r *http.Request) int {
	asset, current := s.site.Asset(mux.Vars(r)["file"])
	if asset == nil {
		return s.nothingThere(w, r)
	}
	b := s.siteAssets[asset.Name]
	w.Header()["X-Content-Type-Options"] = notSniffed
	w.Header()["Cross-Origin-Resource-Policy"] = sameOrigin
	if !current {
		other := *b
		other.cacheControl = revalidate
		b = &other
	}
	return b.serve(w, r)
}

// assetBodies makes the bodies of all assets.
func assetBodies(site *web.Site) map[string]*body {
	out := map[string]*body{}
	for _, a := range site.Assets() {
		b := newBody([]string{a.ContentType}, a.Bytes)
		b.cacheControl = immutable
		out[a.Name] = b
	}
	return out
}
