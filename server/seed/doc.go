// Package seed reads what another replica published, so that a new one has
// something to begin with: the rows that anyone may see, of GET /v1/images or of
// the file that "bayplan export" writes, which reads as that does.
//
// What comes of it is a [resolver.Seed]: facts about images, each of them stale
// until the replica's own sources answer. A seed says nothing about the catalog,
// which comes from its origin with all that is checked there, and nothing about
// what is private. Whoever wrote the rows is proved by the caller; they are
// checked here all the same as if nobody had been.
package seed
