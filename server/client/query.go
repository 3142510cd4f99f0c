package client

import (
	"net/url"
	"strconv"
	"strings"
)

// Query narrows a list. The zero value asks for all of it. Values of one field
// are OR, fields are AND; words are the server's to know.
type Query struct {
	Type       []string
	State      []string
	StackState []string
	Variant    []string
	Tool       []string
	// Name is a whole short name or alias, Text a part of one.
	Name []string
	Text []string
	// Exists is "true", "false" or "unknown".
	Exists []string
	// Fields leaves out all other properties of the records but short_name.
	Fields []string
	// Version is another version of the catalog: what it says of its images, and
	// nothing that registries say.
	Version string
	// Sort is "short_name", as without it, or "-short_name".
	Sort string
	// PageSize is how many records [Client.Images] asks for at a time, 1 to 1000; 0
	// means 500. A list that is asked for whole has no pages.
	PageSize int
	// Fresh has the server ask the registries first, for what was built a second
	// ago. It takes 3 s at most.
	Fresh bool
}

func (q Query) values() url.Values {
	values := url.Values{}
	for name, list := range map[string][]string{
		"type": q.Type, "state": q.State, "stack_state": q.StackState, "variant": q.Variant,
		"tool": q.Tool, "name": q.Name, "q": q.Text, "exists": q.Exists,
	} {
		if len(list) > 0 {
			values[name] = list
		}
	}
	if len(q.Fields) > 0 {
		values.Set("fields", strings.Join(q.Fields, ","))
	}
	if q.Version != "" {
		values.Set("version", q.Version)
	}
	if q.Sort != "" {
		values.Set("sort", q.Sort)
	}
	return values
}

// defaultPageSize is how many records are asked for at a time.
const defaultPageSize = 500

func (q Query) paged() url.Values {
	values := q.values()
	values.Set("limit", strconv.Itoa(orDefault(q.PageSize, defaultPageSize)))
	return values
}
