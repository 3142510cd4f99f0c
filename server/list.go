package server

import (
	"encoding/base64"
	"io"
	"iter"
	"math"
	"net/http"
	"net/url"
	"strconv"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// listParameters are those of a list; true for those that may be repeated.
var listParameters = map[string]bool{
	"type": true, "state": true, "stack_state": true, "variant": true, "tool": true, "name": true, "q": true,
	"exists": true, "version": false, "fields": false, "sort": false, "limit": false, "cursor": false,
}

// listQuery is what a request wants of a list.
type listQuery struct {
	version    string // another version of the catalog; "" for what is served
	filter     filter
	fields     map[string]bool // nil for whole records
	descending bool
	limit      int    // 0 for all
	after      string // the last short name of the page before
	values     url.Values
}

// wholeList is the query that is none.
var wholeList = &listQuery{}

// queryOf reads what a request wants. For one without a query it allocates
// nothing.
func queryOf(r *http.Request) (*listQuery, error) {
	if r.URL.RawQuery == "" {
		return wholeList, nil
	}
	return parseListQuery(r.URL.RawQuery)
}

func parseListQuery(raw string) (*listQuery, error) {
	values, err := parseQuery(raw, listParameters)
	if err != nil {
		return nil, err
	}
	q := &listQuery{values: values}
	if q.version, err = parseVersion(values); err != nil {
		return nil, err
	}
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

// whole tells that the list is wanted as it is.
func (q *listQuery) whole() bool { return len(q.values) == 0 }

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
// last page). It stops beyond so many records, and says so.
func (q *listQuery) page(all iter.Seq[fragment], most int) (records []fragment, next string, tooMany bool) {
	for f := range all {
		if !q.filter.passes(f.image) {
			continue
		}
		if q.limit > 0 && len(records) == q.limit {
			return records, records[len(records)-1].image.ShortName, false
		}
		if q.limit == 0 && len(records) == most {
			return nil, "", true
		}
		records = append(records, f)
	}
	return records, "", false
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
	q, err := queryOf(r)
	if err != nil {
		return s.failWith(w, api.CodeBadParameter, "%s", err)
	}
	if q.version != "" {
		return s.listVersion(w, r, q, false)
	}
	warning := ""
	if wantsFresh(r) {
		warning = s.onDemand(r, "")
		p = s.pages.Load()
	}
	if q.whole() {
		return s.serveComplete(w, r, p, warning)
	}
	which := q.filter.narrow(p.snapshot.Users.View, public(p.snapshot.Users.View))
	most := s.keptRecords + len(p.fragments)
	records, next, tooMany := q.page(p.walk(which, q.after, q.descending), most)
	if tooMany {
		return s.streamSummed(w, r, q.writer(p, which, p.warned(warning)))
	}
	return q.body(r, records, next, p.warned(warning)).serve(w, r)
}

// answer makes the body of what a request wants of a list that is no longer than
// one tool's.
func (p *pages) answer(r *http.Request, q *listQuery, which tools, warning string) *body {
	records, next, _ := q.page(p.walk(which, q.after, q.descending), math.MaxInt)
	return q.body(r, records, next, p.warned(warning))
}

// body makes the body of a page.
func (q *listQuery) body(r *http.Request, records []fragment, next string, messages api.Messages) *body {
	return bodyFor(r, listJSON(selectFields(records, q.fields), messages), q.link(next))
}

// writer writes all records that pass, without keeping them.
func (q *listQuery) writer(p *pages, which tools, messages api.Messages) func(io.Writer) error {
	return func(to io.Writer) error {
		out := listWriter{to: to}
		var record []byte // used again for each image
		cut := newCutter(q.fields)
		for f := range p.walk(which, "", q.descending) {
			if !q.filter.passes(f.image) {
				continue
			}
			if q.fields != nil {
				record = cut.append(record[:0], f.image)
			} else {
				record = appendRecord(record[:0], f.image)
			}
			if err := out.add(record); err != nil {
				return err
			}
		}
		return out.end(messages)
	}
}

// answer sends bytes that were made for this request alone, with the link to
// the next page if there is one.
func answer(w http.ResponseWriter, r *http.Request, text []byte, link string) int {
	return bodyFor(r, text, link).serve(w, r)
}

// bodyFor makes a body in the one coding that a request takes.
func bodyFor(r *http.Request, text []byte, link string) *body {
	b := plainBody(typeJSON, text, link)
	if c := accepted(r); c != identity {
		b.code(c, brisk)
	}
	return b
}
