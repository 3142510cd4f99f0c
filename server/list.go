package server

import (
	"encoding/base64"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// listParameters are those of a list; true for those that may be repeated.
var listParameters = map[string]bool{
	"type": true, "state": true, "stack_state": true, "variant": true, "tool": true, "name": true, "q": true,
	"exists": true, "fields": false, "sort": false, "limit": false, "cursor": false,
}

// listQuery is what a request wants of a list.
type listQuery struct {
	filter     filter
	fields     map[string]bool // nil for whole records
	descending bool
	limit      int    // 0 for all
	after      string // the last short name of the page before
	values     url.Values
}

func parseListQuery(raw string) (*listQuery, error) {
	values, err := parseQuery(raw, listParameters)
	if err != nil {
		return nil, err
	}
	q := &listQuery{values: values}
	if q.filter, err = parseFilter(values); err != nil {
		return nil, err
	}
	if q.fields, err = parseFields(values); err != nil {
		return nil, err
	}
	if q.limit, err = parseLimit(values); err != nil {
		return nil, err
	}
	switch order := values.Get("sort"); {
	case order == "-short_name":
		q.descending = true
	case values.Has("sort") && order != "short_name":
		return nil, badf("sort %q is none of short_name, -short_name", shown(order))
	}
	if err := q.parseCursor(); err != nil {
		return nil, err
	}
	return q, nil
}

// parseCursor reads where the page begins. A cursor is the last name of the
// page before, so it means the same on every replica and in every snapshot.
func (q *listQuery) parseCursor() error {
	if !q.values.Has("cursor") {
		return nil
	}
	if q.limit == 0 {
		return badf("cursor goes together with limit")
	}
	name, err := base64.RawURLEncoding.DecodeString(q.values.Get("cursor"))
	if err != nil || len(name) == 0 {
		return badf("cursor %q is not one that a Link header gave", shown(q.values.Get("cursor")))
	}
	q.after = string(name)
	return nil
}

// page gives the records of one page, and the name to go on after ("" on the
// last page).
func (q *listQuery) page(all iter.Seq[fragment]) (records []fragment, next string) {
	for f := range all {
		if !q.filter.passes(f.image) {
			continue
		}
		if q.limit > 0 && len(records) == q.limit {
			return records, records[len(records)-1].image.ShortName
		}
		records = append(records, f)
	}
	return records, ""
}

// link is the header that leads to the next page, relative to the list's own
// address; "" if next is.
func (q *listQuery) link(next string) string {
	if next == "" {
		return ""
	}
	values := url.Values{}
	for name, v := range q.values {
		values[name] = v
	}
	values.Set("limit", strconv.Itoa(q.limit))
	values.Set("cursor", base64.RawURLEncoding.EncodeToString([]byte(next)))
	return "<images?" + values.Encode() + `>; rel="next"`
}

func (s *Server) listImages(w http.ResponseWriter, r *http.Request) int {
	p := s.pages.Load()
	if p == nil {
		return s.notReady(w)
	}
	warning := ""
	if wantsFresh(r) {
		warning = s.onDemand(r, "")
		p = s.pages.Load()
	}
	if r.URL.RawQuery == "" && warning == "" {
		return p.list.get().serve(w, r)
	}
	b, refusal := p.query(r, public(p.snapshot.Users.View), warning)
	if refusal != nil {
		return s.fail(w, *refusal)
	}
	return b.serve(w, r)
}

// query makes the body of what a request wants of a list.
func (p *pages) query(r *http.Request, which tools, warning string) (*body, *api.Error) {
	q, err := parseListQuery(r.URL.RawQuery)
	if err != nil {
		return nil, failure(api.CodeBadParameter, "%s", err)
	}
	records, next := q.page(p.walk(which, q.after, q.descending))
	messages := p.messages
	if warning != "" {
		messages.Warning = append(slices.Clone(messages.Warning), warning)
	}
	return bodyFor(r, listJSON(selectFields(records, q.fields), messages), q.link(next)), nil
}

// answer sends bytes that were made for this request alone, with the link to
// the next page if there is one.
func answer(w http.ResponseWriter, r *http.Request, text []byte, link string) int {
	return bodyFor(r, text, link).serve(w, r)
}

// bodyFor makes a body in the one coding that a request takes.
func bodyFor(r *http.Request, text []byte, link string) *body {
	b := plainBody(typeJSON, text, link)
	if c := pick(single(r.Header["Accept-Encoding"])); c != identity {
		b.code(c)
	}
	return b
}
