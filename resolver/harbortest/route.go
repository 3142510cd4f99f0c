package harbortest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

const (
	apiPrefix = "/api/v2.0/"
	v2Prefix  = "/v2/"
)

// route is where a request goes. A nil handle means that there is no such path,
// or that the method is not allowed there.
type route struct {
	kind   Kind
	vars   []string
	handle func(*Harbor, http.ResponseWriter, *call)
	// allowed are the methods of a path that knows the method not.
	allowed []string
}

// endpoint is one path of the API. A segment "*" is a variable.
type endpoint struct {
	path    string
	methods []method
}

type method struct {
	name   string
	kind   Kind
	handle func(*Harbor, http.ResponseWriter, *call)
}

// The order of the methods is the one in which a 405 names them.
var endpoints = parse([]endpoint{
	{"ping", []method{{http.MethodGet, KindPing, (*Harbor).ping}}},
	{"health", []method{{http.MethodGet, KindHealth, (*Harbor).health}}},
	{"systeminfo", []method{{http.MethodGet, KindSystemInfo, (*Harbor).systemInfo}}},
	{"statistics", []method{{http.MethodGet, KindOther, (*Harbor).statistics}}},
	{"users", []method{{http.MethodGet, KindOther, (*Harbor).users}}},
	{"users/current", []method{{http.MethodGet, KindUser, (*Harbor).currentUser}}},
	{"search", []method{{http.MethodGet, KindSearch, (*Harbor).search}}},
	{"repositories", []method{{http.MethodGet, KindRepositories, (*Harbor).allRepositories}}},
	{"projects", []method{
		{http.MethodHead, KindProjectExists, (*Harbor).projectExists},
		{http.MethodGet, KindProjects, (*Harbor).listProjects},
		{http.MethodPost, KindWrite, (*Harbor).createProject},
	}},
	{"projects/*", []method{
		{http.MethodGet, KindProject, (*Harbor).getProject},
		{http.MethodPut, KindWrite, (*Harbor).updateProject},
	}},
	{"projects/*/summary", []method{{http.MethodGet, KindOther, (*Harbor).projectSummary}}},
	{"projects/*/metadatas/public", []method{{http.MethodPut, KindWrite, (*Harbor).updatePublic}}},
	{"projects/*/artifacts", []method{{http.MethodGet, KindProjectArtifacts, (*Harbor).projectArtifacts}}},
	{"projects/*/webhook/events", []method{{http.MethodGet, KindOther, (*Harbor).webhookEvents}}},
	{"projects/*/webhook/policies", []method{{http.MethodGet, KindOther, (*Harbor).webhookPolicies}}},
	{"projects/*/repositories", []method{{http.MethodGet, KindProjectRepositories, (*Harbor).projectRepositories}}},
	{"projects/*/repositories/*", []method{
		{http.MethodGet, KindRepository, (*Harbor).getRepository},
		{http.MethodPut, KindWrite, (*Harbor).updateRepository},
		{http.MethodDelete, KindWrite, (*Harbor).deleteRepository},
	}},
	{"projects/*/repositories/*/artifacts", []method{
		{http.MethodGet, KindArtifacts, (*Harbor).listArtifacts},
		{http.MethodPost, KindWrite, (*Harbor).copyArtifact},
	}},
	{"projects/*/repositories/*/artifacts/*", []method{
		{http.MethodGet, KindArtifact, (*Harbor).getArtifact},
		{http.MethodDelete, KindWrite, (*Harbor).deleteArtifact},
	}},
	{"projects/*/repositories/*/artifacts/*/tags", []method{
		{http.MethodGet, KindTags, (*Harbor).listTags},
		{http.MethodPost, KindWrite, (*Harbor).createTag},
	}},
	{"projects/*/repositories/*/artifacts/*/tags/*", []method{{http.MethodDelete, KindWrite, (*Harbor).deleteTag}}},
	{"projects/*/repositories/*/artifacts/*/accessories", []method{{http.MethodGet, KindAccessories, (*Harbor).listAccessories}}},
	{"projects/*/repositories/*/artifacts/*/labels", []method{{http.MethodPost, KindWrite, (*Harbor).addLabel}}},
	{"projects/*/repositories/*/artifacts/*/additions/*", []method{{http.MethodGet, KindOther, (*Harbor).addition}}},
})

// parsedEndpoint has its path in segments.
type parsedEndpoint struct {
	endpoint
	segments []string
}

func parse(list []endpoint) []parsedEndpoint {
	parsed := make([]parsedEndpoint, len(list))
	for i, e := range list {
		parsed[i] = parsedEndpoint{e, strings.Split(e.path, "/")}
	}
	return parsed
}

// route finds where a request goes.
func (h *Harbor) route(r *http.Request) route {
	path := h.escapedPath(r.URL)
	switch {
	case isDistribution(path):
		return h.distributionRoute(r)
	case path == tokenPath:
		return route{kind: KindToken, handle: (*Harbor).token}
	}
	rest, ok := strings.CutPrefix(path, apiPrefix)
	if !ok {
		return route{kind: KindOther}
	}
	segments := strings.Split(rest, "/")
	for i := range endpoints {
		if h.opts.NoProjectArtifacts && endpoints[i].methods[0].kind == KindProjectArtifacts {
			continue
		}
		if vars, ok := endpoints[i].match(segments); ok {
			return endpoints[i].route(r.Method, vars)
		}
	}
	return route{kind: KindOther}
}

// escapedPath is the path as core sees it. Harbor's nginx decodes an escaped
// slash on the way, and leaves one that is escaped twice alone.
func (h *Harbor) escapedPath(u *url.URL) string {
	if h.opts.Nginx {
		return strings.NewReplacer("%2F", "/", "%2f", "/").Replace(u.EscapedPath())
	}
	return u.EscapedPath()
}

func (e *parsedEndpoint) match(segments []string) (vars []string, ok bool) {
	if len(segments) != len(e.segments) {
		return nil, false
	}
	for i, want := range e.segments {
		if want != "*" && want != segments[i] {
			return nil, false
		}
	}
	for i, want := range e.segments {
		if want == "*" {
			vars = append(vars, unescape(segments[i], i == repositorySegment))
		}
	}
	return vars, true
}

// repositorySegment is where a repository's name stands in every path that has
// one; it alone is decoded twice.
const repositorySegment = 3

func unescape(segment string, twice bool) string {
	once, err := url.PathUnescape(segment)
	if err != nil {
		return segment
	}
	if !twice {
		return once
	}
	again, err := url.PathUnescape(once)
	if err != nil {
		return once
	}
	return again
}

func (e *parsedEndpoint) route(name string, vars []string) route {
	rt := route{kind: KindOther, vars: vars}
	for _, m := range e.methods {
		if m.name == name {
			return route{kind: m.kind, vars: vars, handle: m.handle}
		}
		rt.allowed = append(rt.allowed, m.name)
	}
	return rt
}

// needsDatabase tells what fails while the database is down. The token service
// answers, but finds no rights.
func (rt route) needsDatabase() bool {
	return rt.kind != KindPing && rt.kind != KindToken && rt.kind != KindHealth
}

// notFound answers what has no handler: the method, the path, or a page of HTML
// outside the API.
func (rt route) notFound(w http.ResponseWriter, r *http.Request) {
	path := r.URL.Path
	switch {
	case len(rt.allowed) > 0:
		e := apiError{status: http.StatusMethodNotAllowed, code: "METHOD_NOT_ALLOWED"}
		e.message = "method " + r.Method + " is not allowed, but [" + strings.Join(rt.allowed, ",") + "] are"
		w.Header().Set("Allow", strings.Join(rt.allowed, ","))
		e.write(w)
	case strings.HasPrefix(path, apiPrefix) || slices.Contains([]string{"/api/v2.0", "/v2"}, path) || strings.HasPrefix(path, v2Prefix):
		notFound("path %s was not found", path).write(w)
	default:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(http.StatusNotFound)
		_, _ = w.Write([]byte(notFoundPage))
	}
}

// notFoundPage stands for the page that Harbor shows outside its API.
const notFoundPage = "<!DOCTYPE HTML>\n<html>\n<head>\n<meta charset=\"utf-8\">\n<title>404 - Page Not Found</title>\n</head>\n" +
	"<body>\n<p>404 Page Not Found</p>\n<p><a href=\"/harbor\">Home</a></p>\n</body>\n</html>\n"
