package harbortest

import (
	"net/http"
	"strings"
)

// isDistribution tells whether a path belongs to the registry.
func isDistribution(path string) bool { return path == "/v2" || strings.HasPrefix(path, v2Prefix) }

// distributionRoute finds where a request under /v2 goes. Its variables are the
// repository and what follows.
func (h *Harbor) distributionRoute(r *http.Request) route {
	path := strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, "/v2"), "/")
	switch path {
	case "":
		return route{kind: KindVersion, handle: (*Harbor).version}
	case "_catalog":
		return route{kind: KindCatalog, handle: (*Harbor).catalog}
	}
	if name, ok := strings.CutSuffix(path, "/tags/list"); ok {
		return route{kind: KindTagList, vars: []string{name}, handle: (*Harbor).tagList}
	}
	for _, part := range []string{"/manifests/", "/blobs/", "/referrers/"} {
		if i := strings.LastIndex(path, part); i > 0 {
			return distributionPart(r.Method, part, []string{path[:i], path[i+len(part):]})
		}
	}
	if i := strings.LastIndex(path, "/blobs/uploads"); i > 0 {
		return distributionPart(r.Method, "/blobs/", []string{path[:i], ""})
	}
	return route{kind: KindOther}
}

func distributionPart(method, part string, vars []string) route {
	reading := method == http.MethodGet || method == http.MethodHead
	switch {
	case part == "/referrers/":
		return route{kind: KindReferrers, vars: vars, handle: (*Harbor).referrers}
	case part == "/manifests/" && method == http.MethodGet:
		return route{kind: KindManifestGet, vars: vars, handle: (*Harbor).readManifest}
	case part == "/manifests/" && method == http.MethodHead:
		return route{kind: KindManifestHead, vars: vars, handle: (*Harbor).readManifest}
	case part == "/manifests/" && method == http.MethodPut:
		return route{kind: KindPush, vars: vars, handle: (*Harbor).putManifest}
	case part == "/manifests/" && method == http.MethodDelete:
		return route{kind: KindPush, vars: vars, handle: (*Harbor).deleteManifest}
	case part == "/blobs/" && reading && strings.HasPrefix(vars[1], digestPrefix):
		return route{kind: KindBlob, vars: vars, handle: (*Harbor).readBlob}
	case part == "/blobs/":
		return route{kind: KindPush, vars: vars, handle: (*Harbor).writeBlob}
	}
	return route{kind: KindOther, allowed: []string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete}}
}

// version is GET /v2/, which says whether the credentials are good.
func (h *Harbor) version(w http.ResponseWriter, c *call) {
	if c.who.account == nil {
		unauthorized(c, "unauthorized", "").write(w)
		return
	}
	w.Header().Set("Docker-Distribution-Api-Version", "registry/2.0")
	writeJSON(w, jsonCharsetType, []byte("{}"))
}

// unauthorized is a 401 of the registry. Whoever sent any credentials is asked
// for Basic ones; the others are sent to the token service, at the host that
// they asked.
func unauthorized(c *call, message, scope string) *apiError {
	challenge := `Basic realm="harbor"`
	if !c.who.presented {
		challenge = `Bearer realm="` + scheme(c.Request) + "://" + c.Host + tokenPath + `",service="` + tokenService + `"`
		if scope != "" {
			challenge += `,scope="` + scope + `"`
		}
	}
	return registryDenied(message, challenge)
}

// registryDenied says its message twice, as Harbor does.
func registryDenied(message, challenge string) *apiError {
	return &apiError{
		status: http.StatusUnauthorized, code: "UNAUTHORIZED", message: message + ": " + message,
		challenge: &challenge, distribution: true,
	}
}

// enter checks that the caller may do action (pull, push, delete) in the
// repository that a path under /v2 names.
func (h *Harbor) enter(c *call, action string) *apiError {
	name := c.vars[0]
	if !c.who.presented {
		wanted := action
		if action == "push" {
			wanted = "pull,push"
		}
		return unauthorized(c, "authorize header needed to send HEAD to repository", "repository:"+name+":"+wanted)
	}
	h.mu.RLock()
	defer h.mu.RUnlock()
	p := h.state.projects[projectOf(name)]
	if p == nil {
		return registryDenied("project "+projectOf(name)+" not found", "")
	}
	if !c.who.mayDistribute(p, action) {
		return unauthorized(c, "unauthorized to access repository: "+name+", action: "+action, "")
	}
	return nil
}

// mayDistribute follows the token if there is one: it alone says what its bearer
// may do. An anonymous token without any scope counts as no token.
func (v viewer) mayDistribute(p *project, action string) bool {
	if v.token != nil && (v.token.Subject != "" || len(v.token.Access) > 0) {
		return v.token.allows(p.name, action)
	}
	return v.can(p, "repository:"+action)
}

// registryError is an error in the registry's words.
func registryError(status int, code, message string) *apiError {
	return &apiError{status: status, code: code, message: message, distribution: true}
}
