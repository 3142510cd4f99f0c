// Package reference reads image references as a catalog writes them:
// host/path, with an optional tag and an optional digest.
//
// The grammar is that of github.com/distribution/reference with one rule more:
// the host must be written, because a catalog without it would mean another
// image on every machine. How jobs-api cuts the spellings that people type is
// another grammar and lives with name resolution.
package reference

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	dist "github.com/distribution/reference"
)

// DefaultTag is the tag that consumers use where a catalog names none.
const DefaultTag = "latest"

// Reference is one image reference in its parts. Tag and Digest are empty
// where they were not written.
type Reference struct {
	Host   string // with the port, if there is one
	Path   string // the repository, without the host
	Tag    string
	Digest string // "sha256:…"
}

// Parse reads a reference. The error says what is wrong and how to mend it.
func Parse(s string) (Reference, error) {
	if s == "" {
		return Reference{}, errors.New("the reference is empty: write host/path")
	}
	if strings.ContainsAny(s, " \t\r\n") {
		return Reference{}, fmt.Errorf("%q holds white space: remove it", s)
	}
	if scheme, _, found := strings.Cut(s, "://"); found {
		return Reference{}, fmt.Errorf("%q begins with a scheme: remove %q", s, scheme+"://")
	}
	parsed, err := dist.Parse(s)
	if err != nil {
		return Reference{}, fmt.Errorf("%q is no image reference: %s", s, explain(err))
	}
	named, ok := parsed.(dist.Named)
	if !ok {
		return Reference{}, fmt.Errorf("%q names no repository: write host/path", s)
	}
	r := Reference{Host: dist.Domain(named), Path: dist.Path(named)}
	if !isHost(r.Host) || r.Path == "" {
		return Reference{}, fmt.Errorf("%q names no registry host: write it as host/path, for example registry.example/%s", s, s)
	}
	if port := portOf(r.Host); port != "" && !isPort(port) {
		return Reference{}, fmt.Errorf("%q names port %s: ports are 1 to 65535", s, port)
	}
	if tagged, ok := named.(dist.Tagged); ok {
		r.Tag = tagged.Tag()
	}
	if digested, ok := named.(dist.Digested); ok {
		r.Digest = digested.Digest().String()
		if algorithm := digested.Digest().Algorithm(); algorithm != "sha256" && algorithm != "sha512" {
			return Reference{}, fmt.Errorf("%q has a digest of kind %s: registries know sha256 and sha512", s, algorithm)
		}
	}
	return r, nil
}

// isHost tells a registry host from the first segment of a path, by the rule
// that container runtimes share: a dot, a port, or localhost.
func isHost(s string) bool {
	return s == "localhost" || strings.ContainsAny(s, ".:")
}

// portOf gives the port of a host, "" if it names none. An IPv6 address, which
// holds colons of its own, stands in brackets.
func portOf(host string) string {
	if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
		return host[i+1:]
	}
	return ""
}

func isPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n > 0 && len(s) <= 5
}

func explain(err error) string {
	switch {
	case errors.Is(err, dist.ErrNameContainsUppercase):
		return "the path of a repository is lower case"
	case errors.Is(err, dist.ErrReferenceInvalidFormat):
		return "write host/path, host/path:tag or host/path@sha256:…"
	default:
		return err.Error()
	}
}

// String writes the reference as it was read.
func (r Reference) String() string {
	s := r.Host + "/" + r.Path
	if r.Tag != "" {
		s += ":" + r.Tag
	}
	if r.Digest != "" {
		s += "@" + r.Digest
	}
	return s
}

// WithDefaultTag gives the reference that consumers use: where neither tag nor
// digest is written, the tag is [DefaultTag].
func (r Reference) WithDefaultTag() Reference {
	if r.Tag == "" && r.Digest == "" {
		r.Tag = DefaultTag
	}
	return r
}

// Pinned gives host/path:tag@digest for a digest that the registry reported.
func (r Reference) Pinned(digest string) string {
	r.Digest = digest
	return r.String()
}
