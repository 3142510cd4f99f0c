// Package api has the Go types of the bodies that the endpoint answers with.
//
// It is the published shape and nothing else: no handlers, no rules, no
// conversion. The resolver has types of its own, and the server converts; a Go
// client may import this package and gets the standard library alone with it.
// The same shapes are described for everybody else by schemas/openapi.yaml, and
// a test keeps the two equal, property by property.
//
// Three rules hold for every type. Absent means unknown: what is not known is
// left out, and there are no nulls, so [List] and [Map] write an empty value
// for nil. Words such as a state or a code may grow: they are strings. Times
// are in UTC (RFC 3339), days are written 2006-01-02.
package api
