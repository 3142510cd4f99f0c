package server

import "net/http"

// listPath is the path that nearly all requests ask for.
const listPath = "/v1/images"

// front sends requests for the list past the router. To tell a handler what it
// matched, the router copies each request twice, which costs more than all that
// the list's handler does; the list has no variables and does not look. The
// router has the route too, so nothing depends on the shortcut but time.
type front struct {
	list   http.Handler
	router http.Handler
}

// ServeHTTP implements http.Handler.
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == listPath {
		f.list.ServeHTTP(w, r)
		return
	}
	f.router.ServeHTTP(w, r)
}
