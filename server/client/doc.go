// Package client asks a Bayplan server, as a consumer of it should: with the
// bytes of the last answer kept and asked about by ETag, with a few tries within
// a budget of time, and with the last good answer where the server does not
// answer now.
//
// Three outcomes are different things here as everywhere in Bayplan. A good
// answer says in [Answer.Failure] if it is an old one, and why. An error that
// matches [ErrNotThere] is the server's word that there is no such image. One
// that matches [ErrCouldNotAsk] says nothing about images at all: whoever takes
// it for "not there" turns an outage into a deletion.
//
// It imports package server/api and the standard library, and nothing else. Its
// neighbour for other languages is docs/consumers.md.
package client
