package harbortest

import (
	"net/url"
	"strconv"
	"strings"
)

// page is which part of a list is asked for.
type page struct{ number, size int64 }

const defaultPageSize = 10

// pageOf reads page and page_size. Zero and negative sizes mean everything,
// which Harbor does not document and clients use.
func (h *Harbor) pageOf(query url.Values) (page, *apiError) {
	p := page{number: 1, size: defaultPageSize}
	var problem *apiError
	if p.number, problem = queryInt(query, "page", 1); problem != nil {
		return p, problem
	}
	if p.size, problem = queryInt(query, "page_size", defaultPageSize); problem != nil {
		return p, problem
	}
	if p.size > h.opts.MaxPageSize {
		return p, unprocessable("page_size in query should be less than or equal to %d", h.opts.MaxPageSize)
	}
	return p, nil
}

func queryInt(query url.Values, key string, otherwise int64) (int64, *apiError) {
	text := query.Get(key)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, unprocessable("%s in query must be of type int64: %q", key, text)
	}
	return n, nil
}

// window gives the half-open range of rows that the page holds.
func (p page) window(total int64) (from, to int64) {
	if p.size <= 0 {
		return 0, total
	}
	if p.number > 1 {
		from = min(total, (p.number-1)*p.size)
	}
	return from, min(total, from+p.size)
}

// link gives the Link header, which may be empty. Its arithmetic is Harbor's: a
// negative size has a next page for ever, page zero and below have one although
// all rows were there, and the query stands in it decoded, so that it is not
// always a valid URI.
func (p page) link(u *url.URL, total int64) string {
	if p.size == 0 {
		return ""
	}
	var links []string
	if p.number > 1 && (p.number-1)*p.size <= total {
		links = append(links, p.target(u, p.number-1, "prev"))
	}
	if p.number*p.size < total {
		links = append(links, p.target(u, p.number+1, "next"))
	}
	return strings.Join(links, " , ")
}

func (p page) target(u *url.URL, number int64, rel string) string {
	query := u.Query()
	query.Set("page", strconv.FormatInt(number, 10))
	query.Set("page_size", strconv.FormatInt(p.size, 10))
	raw := query.Encode()
	if decoded, err := url.QueryUnescape(raw); err == nil {
		raw = decoded
	}
	return "<" + u.EscapedPath() + "?" + raw + `>; rel="` + rel + `"`
}
