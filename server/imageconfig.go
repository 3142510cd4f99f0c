package server

import (
	"net/http"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// yamlNames are the media types of YAML: that of RFC 9512, and those that were
// in use before it.
var yamlNames = []string{"application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml"}

var jsonNames = []string{"application/json"}

var imageConfigParameters = map[string]bool{"version": false}

func (s *Server) getImageConfig(w http.ResponseWriter, r *http.Request) int {
	p := s.pages.Load()
	if p == nil {
		return s.notReady(w)
	}
	values, err := parseQuery(r.URL.RawQuery, imageConfigParameters)
	if err != nil {
		return s.failWith(w, api.CodeBadParameter, "%s", err)
	}
	version, err := parseVersion(values)
	if err != nil {
		return s.failWith(w, api.CodeBadParameter, "%s", err)
	}
	if version != "" {
		var refusal *api.Error
		if p, refusal = s.versionPages(r.Context(), w.Header(), version); refusal != nil {
			return s.fail(w, *refusal)
		}
	}
	accept := single(r.Header["Accept"])
	yaml, json := mediaWeight(accept, yamlNames), mediaWeight(accept, jsonNames)
	switch {
	case yaml == 0 && json == 0:
		return s.failWith(w, api.CodeNotAcceptable, "%s is not offered here; ask for application/yaml or application/json", shown(accept))
	case json > yaml:
		return p.legacyJSON.serve(w, r)
	}
	return p.legacyYAML.serve(w, r)
}

// mediaWeight gives the weight (0 to 1000) of a media type in an Accept header
// (RFC 9110, section 12.5.1): that of the most specific range that holds it. A
// type has one or more names; ranges are looked for under the first, so that
// what refuses the type is not undone by a name that nobody uses any more.
func mediaWeight(accept string, names []string) int {
	if trim(accept) == "" {
		return fullWeight
	}
	major, _, _ := strings.Cut(names[0], "/")
	best, specificity := 0, -1
	for accept != "" {
		var item string
		item, accept, _ = strings.Cut(accept, ",")
		mediaRange, parameters, _ := strings.Cut(item, ";")
		level, w := levelOf(trim(mediaRange), major, names), quality(parameters)
		switch {
		case level < 0 || level < specificity:
		case level > specificity:
			best, specificity = w, level
		default:
			best = max(best, w)
		}
	}
	return best
}

// levelOf tells how exactly a media range names a type: 2 for the type itself,
// 1 for all of its kind, 0 for everything, -1 if it does not hold the type.
func levelOf(mediaRange, major string, names []string) int {
	for _, name := range names {
		if strings.EqualFold(mediaRange, name) {
			return 2
		}
	}
	kind, minor, _ := strings.Cut(mediaRange, "/")
	switch {
	case mediaRange == "*/*", mediaRange == "*":
		return 0
	case minor == "*" && strings.EqualFold(kind, major):
		return 1
	}
	return -1
}
