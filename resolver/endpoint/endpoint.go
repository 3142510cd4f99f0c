// Package endpoint knows how each registry host is reached: its real URL, its
// certificate authority, its credentials, its limits. The catalog names hosts
// as pods use them; a deployment may reach them elsewhere (a mirror, a test
// server), and that rewrite lives here and nowhere else.
//
// A [Directory] made by [New] gives an [Endpoint] for any host. Its transport
// bounds time and concurrency and decides which hosts a registry may send us
// to; [Classify] and [ClassifyStatus] turn what went wrong into the kinds of
// package fault. Nothing here retries: whoever asks knows what may be repeated.
//
// It does not know what is asked of a registry: package artifact (charts over
// ORAS) and package registry (live facts) do.
package endpoint

import (
	"context"
	"time"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/rotated"
)

// Kind tells which API a host offers for live facts.
type Kind string

const (
	// OCI is any registry that speaks the OCI distribution API.
	OCI Kind = "oci"
	// Harbor is a registry with Harbor's API beside the OCI one.
	Harbor Kind = "harbor"
)

// Config is how one host is reached, as operators write it. The zero value
// means https://<host>, kind oci, the system's certificate authorities.
type Config struct {
	// URL is where requests really go: scheme, host, optional port, optional
	// path that is put before every repository name ("https://mirror.example/proxy").
	// Without a scheme it is https, or http with PlainHTTP.
	URL string `json:"url,omitempty"`
	// Kind is the API for live facts: "oci" (default) or "harbor".
	Kind Kind `json:"kind,omitempty"`
	// PlainHTTP uses http where URL gives no scheme. It contradicts an https URL.
	PlainHTTP bool `json:"plainHTTP,omitempty"`
	// CAFile is a PEM file of authorities that are trusted besides the
	// system's. It is followed: another content is trusted for connections from
	// then on, and those of before are used no more.
	CAFile string `json:"caFile,omitempty"`
	// Concurrency bounds the requests under way to this host, at most 1024;
	// 0 means 8.
	Concurrency int `json:"concurrency,omitempty"`
	// AuthHosts are the hosts ("auth.example" or "auth.example:8443") besides
	// the registry's own where bearer tokens may be fetched. They are shown the
	// credentials.
	AuthHosts []string `json:"authHosts,omitempty"`
	// RedirectHosts are the hosts besides the registry's own to which its
	// redirects are followed, for example where its blobs lie. They are never
	// shown the credentials, and never reached over http from https.
	RedirectHosts []string `json:"redirectHosts,omitempty"`
	// Markers reads tags such as state-deprecated as metadata of their repository
	// (package marker). Without it they are tags like all others.
	Markers bool `json:"markers,omitempty"`
	// Owns are the beginnings of repository names ("toolforge-", "library/") that
	// belong to the catalog: what the host has there and the catalog does not name
	// is drift. Of a Harbor they narrow the projects with standard images, which
	// are the catalog's own.
	Owns []string `json:"owns,omitempty"`
}

// Credential is what a registry is shown. The zero value is anonymous.
type Credential struct {
	Username, Password string
	// IdentityToken is an OAuth2 refresh token, as docker login may store it.
	IdentityToken string
	// RegistryToken is a bearer token that is sent as it is.
	RegistryToken string
}

// String never shows the secret, so that a credential may meet a log.
func (c Credential) String() string {
	switch {
	case c == Credential{}:
		return "anonymous"
	case c.Username != "":
		return c.Username + " (secret hidden)"
	default:
		return "token (secret hidden)"
	}
}

// GoString is String, for %#v.
func (c Credential) GoString() string { return c.String() }

// CredentialFunc looks up the credential for the host[:port] where requests
// really go. No entry is the zero Credential and no error. It is called from
// many goroutines.
type CredentialFunc func(ctx context.Context, address string) (Credential, error)

// Options are shared by all hosts. The zero value works.
type Options struct {
	// Credentials finds credentials; nil means anonymous everywhere.
	// [DockerCredentials] reads Docker's config.json and its helpers.
	Credentials CredentialFunc
	// Renewals counts how often credentials were replaced in such a way that those
	// from before are not to be used any more, even where they are still accepted;
	// nil means never. It is asked often.
	Renewals func() uint64
	// Files are those that are followed, to which authorities are added; nil follows
	// them too, and tells nobody what becomes of them.
	Files *rotated.Files
	// Concurrency bounds the requests under way to all hosts; 0 means 64.
	Concurrency int
	// UserAgent is sent with every request; "" means "bayplan".
	UserAgent string
	// Timeout bounds one attempt, from the moment it is sent to the last byte
	// of its body; 0 means 10 s. Waiting for a free slot is not counted: the
	// request's context bounds that.
	Timeout time.Duration
	// MaxBody bounds the bytes of one answer read through [Endpoint.Bounded];
	// 0 means 16 MiB.
	MaxBody int64
}

const (
	defaultHostConcurrency = 8
	defaultConcurrency     = 64
	maxConcurrency         = 1024
	defaultTimeout         = 10 * time.Second
	defaultMaxBody         = 16 << 20
	defaultUserAgent       = "bayplan"
)

func (o Options) withDefaults() Options {
	if o.Concurrency == 0 {
		o.Concurrency = defaultConcurrency
	}
	if o.UserAgent == "" {
		o.UserAgent = defaultUserAgent
	}
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	if o.MaxBody == 0 {
		o.MaxBody = defaultMaxBody
	}
	return o
}
