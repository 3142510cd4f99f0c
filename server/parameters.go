package server

import (
	"fmt"
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/nearest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// maxLimit bounds one page of a list, in records.
const maxLimit = 1000

// maxQuery bounds a query, in bytes: far more than any list of names needs, and
// little enough that reading it, and linking to the next page, costs nothing.
const maxQuery = 16 << 10

// badParameter is an error about a request's parameters that its sender can
// mend.
type badParameter struct{ text string }

func (e *badParameter) Error() string { return e.text }

func badf(format string, args ...any) error { return &badParameter{fmt.Sprintf(format, args...)} }

// parseQuery reads a query and refuses parameters that are not known, and those
// given more than once that make sense once.
func parseQuery(raw string, known map[string]bool) (url.Values, error) {
	return parseLongQuery(raw, known, maxQuery)
}

// parseLongQuery is [parseQuery] with a bound in bytes of its own.
func parseLongQuery(raw string, known map[string]bool, most int) (url.Values, error) {
	if raw == "" {
		return nil, nil
	}
	if len(raw) > most {
		return nil, badf("the query has more than %d bytes", most)
	}
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, badf("the query %q cannot be read: write name=value pairs joined by &", shown(raw))
	}
	names := slices.Sorted(maps.Keys(known))
	for _, name := range slices.Sorted(maps.Keys(values)) {
		repeatable, ok := known[name]
		switch {
		case !ok && len(names) == 0:
			return nil, badf("unknown parameter %q: this route takes none", shown(name))
		case !ok:
			return nil, badf("unknown parameter %q%s", shown(name), didYouMean(name, names))
		case !repeatable && len(values[name]) > 1:
			return nil, badf("parameter %q is given %d times: give it once", name, len(values[name]))
		}
	}
	return values, nil
}

func didYouMean(name string, known []string) string {
	if near := nearest.Words(name, known, 1); len(near) > 0 {
		return fmt.Sprintf("; did you mean %q?", near[0])
	}
	return "; known are " + strings.Join(known, ", ")
}

func parseLimit(values url.Values) (int, error) {
	if !values.Has("limit") {
		return 0, nil
	}
	limit, err := strconv.Atoi(values.Get("limit"))
	if err != nil || limit < 1 || limit > maxLimit {
		return 0, badf("limit %q is no number from 1 to %d", shown(values.Get("limit")), maxLimit)
	}
	return limit, nil
}

// recordFields are the properties of a record, in the order in which they are
// written.
var recordFields = fieldsOf(reflect.TypeFor[api.Image]())

func fieldsOf(t reflect.Type) []string {
	var out []string
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		out = append(out, name)
	}
	return out
}

// parseFields gives the properties that an answer is cut down to, or nil for
// whole records.
func parseFields(values url.Values) (map[string]bool, error) {
	if !values.Has("fields") {
		return nil, nil
	}
	wanted := map[string]bool{"short_name": true}
	for _, name := range strings.Split(values.Get("fields"), ",") {
		if !slices.Contains(recordFields, name) {
			return nil, badf("fields names %q, which no record has%s", shown(name), didYouMean(name, recordFields))
		}
		wanted[name] = true
	}
	return wanted, nil
}
