package harbortest

import (
	"net/url"
	"slices"
	"strings"
	"time"
)

// filter is one "key=value" of the parameter q.
type filter struct {
	key string
	// exact, fuzzy or between says what value means.
	match    matchKind
	value    string
	min, max string // of between; empty is open
}

type matchKind int

const (
	exact matchKind = iota
	fuzzy
	between
)

// filtersOf reads q. It is decoded once more than HTTP does, which is why a plus
// in it must be escaped twice.
func filtersOf(query url.Values) ([]filter, *apiError) {
	text := query.Get("q")
	if text == "" {
		return nil, nil
	}
	decoded, err := url.QueryUnescape(text)
	if err != nil {
		return nil, badRequest("invalid query string value: %s", text)
	}
	var filters []filter
	for _, part := range strings.Split(decoded, ",") {
		key, value, ok := strings.Cut(part, "=")
		if !ok {
			return nil, badRequest("invalid query string: %s", part)
		}
		f, problem := parseFilter(strings.TrimSpace(key), strings.TrimSpace(value))
		if problem != nil {
			return nil, problem
		}
		filters = append(filters, f)
	}
	return filters, nil
}

func parseFilter(key, value string) (filter, *apiError) {
	f := filter{key: key, value: value}
	if rest, ok := strings.CutPrefix(value, "~"); ok {
		f.match, f.value = fuzzy, rest
		return f, nil
	}
	inner, ok := strings.CutPrefix(value, "[")
	if !ok {
		return f, nil
	}
	inner, closed := strings.CutSuffix(inner, "]")
	low, high, ranged := strings.Cut(inner, "~")
	if !closed || !ranged {
		return f, badRequest("invalid query string value: %s", value)
	}
	f.match, f.min, f.max = between, strings.TrimSpace(low), strings.TrimSpace(high)
	return f, nil
}

// text tells whether a filter on a text admits it.
func (f filter) text(s string) bool {
	if f.match == fuzzy {
		return strings.Contains(s, f.value)
	}
	return s == f.value
}

// timeRange gives the bounds of a range of times, both inclusive. What Harbor
// cannot read is an internal error there, and so it is here.
func (f filter) timeRange() (low, high stamp, problem *apiError) {
	high = 1<<63 - 1
	if f.match != between {
		f.min, f.max = f.value, f.value
	}
	if f.min != "" {
		t, ok := parseTime(f.min)
		if !ok {
			return 0, 0, internalError()
		}
		low = stampOf(t)
	}
	if f.max != "" {
		t, ok := parseTime(f.max)
		if !ok {
			return 0, 0, internalError()
		}
		high = stampOf(t)
	}
	return low, high, nil
}

// parseTime reads what Harbor reads: UTC without a zone. A fraction is dropped,
// unless a Z follows; a zone is not looked at.
func parseTime(text string) (time.Time, bool) {
	if t, err := time.Parse("2006-01-02T15:04:05.999Z", text); err == nil {
		return t, true
	}
	for _, form := range []string{"2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02"} {
		if len(text) < len(form) {
			continue
		}
		if t, err := time.Parse(form, text[:len(form)]); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// order is one key of the parameter sort.
type order struct {
	key  string
	desc bool
}

// ordersOf reads sort and keeps the keys that the list knows: others are ignored
// silently, as Harbor does. Without a known key it is otherwise.
func ordersOf(query url.Values, otherwise order, known ...string) []order {
	var orders []order
	for _, part := range strings.Split(query.Get("sort"), ",") {
		key, desc := strings.CutPrefix(strings.TrimSpace(part), "-")
		if slices.Contains(known, key) {
			orders = append(orders, order{key, desc})
		}
	}
	if len(orders) == 0 {
		orders = []order{otherwise}
	}
	return orders
}
