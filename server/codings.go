package server

import (
	"strings"
)

// coding is a content coding that answers are kept in.
type coding int

const (
	identity coding = iota
	gzipped
	zstandard
	codings // how many there are
)

// names of the codings as Content-Encoding says them (RFC 9110, section 8.4.1,
// and RFC 8878 for zstd).
var codingNames = [codings]string{gzipped: "gzip", zstandard: "zstd"}

// pick chooses a coding for an Accept-Encoding header (RFC 9110, section
// 12.5.3): the one with the highest weight, and of equals the one that makes
// the smallest body, which is zstd before gzip before identity. Codings that
// the header does not name are taken by "*". A header that refuses everything
// gets identity all the same: the body is of more use than an error. It
// allocates nothing.
func pick(header string) coding {
	if header == "" {
		return identity
	}
	weights := [codings]int{-1, -1, -1}
	star := -1
	for header != "" {
		var item string
		item, header, _ = strings.Cut(header, ",")
		name, parameters, _ := strings.Cut(item, ";")
		w := quality(parameters)
		switch name = trim(name); {
		case name == "*":
			star = w
		case strings.EqualFold(name, "identity"):
			weights[identity] = w
		case strings.EqualFold(name, "gzip"), strings.EqualFold(name, "x-gzip"):
			weights[gzipped] = w
		case strings.EqualFold(name, "zstd"):
			weights[zstandard] = w
		}
	}
	best, bestWeight := identity, weights[identity]
	for _, c := range [...]coding{gzipped, zstandard} {
		w := weights[c]
		if w < 0 {
			w = star
		}
		if w > 0 && w >= bestWeight {
			best, bestWeight = c, w
		}
	}
	return best
}
