package server

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/names"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

var resolveParameters = map[string]bool{"name": true, "explain": false, "fields": false}

const (
	// maxNames is how many spellings one request may hold.
	maxNames = 100
	// maxSpellings bounds a query with spellings, in bytes. However long a spelling
	// is, it is one: the listener bounds requests.
	maxSpellings = 1 << 20
)

// resolveQuery is what a request wants resolved, and how.
type resolveQuery struct {
	names   []string
	explain bool
	fields  map[string]bool // nil for whole records
}

func parseResolveQuery(raw string) (*resolveQuery, error) {
	values, err := parseLongQuery(raw, resolveParameters, maxSpellings)
	if err != nil {
		return nil, err
	}
	q := &resolveQuery{}
	if q.fields, err = parseFields(values); err != nil {
		return nil, err
	}
	if q.explain, err = parseExplain(values); err != nil {
		return nil, err
	}
	switch given := values["name"]; {
	case len(given) == 0:
		return nil, badf("name is missing: give what is to be resolved, up to %d times", maxNames)
	case len(given) > maxNames:
		return nil, badf("name is given %d times: %d are the most", len(given), maxNames)
	default:
		for _, name := range given {
			q.names = append(q.names, cutTo(name, maxName))
		}
	}
	return q, nil
}

func parseExplain(values url.Values) (bool, error) {
	switch word := values.Get("explain"); {
	case !values.Has("explain") || word == "false":
		return false, nil
	case word == "true":
		return true, nil
	default:
		return false, badf("explain %q is none of true, false", shown(word))
	}
}

// resolveImages says what spellings mean to a tool.
func (s *Server) resolveImages(w http.ResponseWriter, r *http.Request) int {
	tool, refusal := s.toolAsking(r)
	if refusal != nil {
		return s.fail(w, *refusal)
	}
	if s.pages.Load() == nil {
		return s.notReady(w)
	}
	q, err := parseResolveQuery(r.URL.RawQuery)
	if err != nil {
		return s.failWith(w, api.CodeBadParameter, "%s", err)
	}
	warning := ""
	if wantsFresh(r) {
		warning = s.onDemandFor(r, s.pages.Load(), tool, q.names)
	}
	p := s.pages.Load()
	a := asking{query: q, pages: p, lookup: p.lookup(tool), warning: warning}
	if q.explain {
		a.catalog = s.catalogOf(p.snapshot)
	}
	if len(q.names) > 1 {
		return toolBody(bodyFor(r, a.all(), "")).serve(w, r)
	}
	one := a.one(q.names[0])
	if one.failure != nil {
		return s.fail(w, *one.failure)
	}
	return toolBody(bodyFor(r, one.text(), "")).serve(w, r)
}

// asking is a request that is being answered.
type asking struct {
	query   *resolveQuery
	pages   *pages
	lookup  names.Lookup
	warning string // what came of asking the registry first
	catalog api.Catalog
}

// resolved is what one spelling means: an image, or a failure.
type resolved struct {
	name     string
	failure  *api.Error
	record   []byte // encoded
	match    api.Match
	explain  *api.Explanation
	messages api.Messages
}

// one resolves one spelling.
func (a *asking) one(name string) resolved {
	m := a.lookup.Resolve(name)
	out := resolved{name: name}
	if a.query.explain {
		out.explain = a.explain(m)
	}
	if m.Image == nil {
		e := a.pages.unknown(a.lookup, name, called(m.Spelling), a.warning)
		ExplainRemoval(out.explain, e.Tombstone)
		e.Explain = out.explain
		out.failure, out.messages = &e, e.Messages
		return out
	}
	out.record, out.match = a.record(m.Image), Match(m)
	out.messages = warnings(a.pages.snapshot.WarningsFor(m.Image))
	if m.Rule == names.RuleUnasked && len(out.messages.Warning) == 0 {
		out.messages.Warning = []string{fmt.Sprintf("%s could not be asked yet what tool %s built", m.Image.Reference.Host, m.Image.Built.Tool)}
	}
	if a.warning != "" {
		out.messages.Warning = append(out.messages.Warning, a.warning)
	}
	if len(m.Also) > 0 {
		text := fmt.Sprintf("%q could as well mean %s", shown(name), strings.Join(m.Also, ", "))
		out.messages.Warning = append(out.messages.Warning, text)
	}
	return out
}

// called gives the name that a tombstone would have: the whole, or without host
// and tag.
func called(s names.Spelling) string {
	if s.Project != "" || s.Digest != "" || s.Host == "" && s.Tag == "" {
		return s.Text
	}
	return s.Name
}

// record encodes as much of an image as is wanted.
func (a *asking) record(image *snapshot.Image) []byte {
	if a.query.fields != nil {
		return cut(image, a.query.fields)
	}
	if i, standard := a.pages.at[image]; standard {
		return a.pages.fragments[i].json
	}
	return appendRecord(nil, image)
}

// Match gives the published shape of what jobs-api would have made of a spelling
// that means an image.
func Match(m names.Match) api.Match {
	return api.Match{
		ShortName: m.ShortName(), Digest: m.Spelling.Digest, Image: m.Reference().String(), Rule: string(m.Rule),
	}
}

// text is the body of the answer for one spelling that means an image.
func (r resolved) text() []byte {
	out := append(append(make([]byte, 0, len(r.record)+1024), `{"image":`...), r.record...)
	out = r.appendWhy(out)
	return append(append(append(out, `,"messages":`...), encode(r.messages)...), "}\n"...)
}

// appendWhy appends how a spelling came to mean its image.
func (r resolved) appendWhy(to []byte) []byte {
	to = append(append(to, `,"match":`...), encode(r.match)...)
	if r.explain != nil {
		to = append(append(to, `,"explain":`...), encode(r.explain)...)
	}
	return to
}

// all is the body of the answer for several spellings.
func (a *asking) all() []byte {
	var messages api.Messages
	out := append(make([]byte, 0, 1024*len(a.query.names)), `{"results":[`...)
	for i, name := range a.query.names {
		one := a.one(name)
		if i > 0 {
			out = append(out, ',')
		}
		out = one.appendResult(out)
		for _, text := range one.messages.Warning {
			if !slices.Contains(messages.Warning, text) {
				messages.Warning = append(messages.Warning, text)
			}
		}
	}
	return append(append(append(out, `],"messages":`...), encode(messages)...), "}\n"...)
}

// appendResult appends the answer for one of several spellings.
func (r resolved) appendResult(to []byte) []byte {
	if e := r.failure; e != nil {
		return append(to, encode(api.Resolution{
			Name: r.name, Status: statusOf[e.Code], Image: *e.Image, Code: e.Code, Error: e.Error,
			Suggestions: e.Suggestions, Tombstone: e.Tombstone, Explain: r.explain,
		})...)
	}
	to = append(append(to, `{"name":`...), encode(r.name)...)
	to = append(append(to, `,"status":200,"image":`...), r.record...)
	return append(r.appendWhy(to), '}')
}
