// Package resolver keeps one answer to "which images are there": it follows a
// catalog, asks registries what they hold, and joins both into snapshots.
//
// A [Resolver] is made of an [Origin] (where the catalog comes from) and a
// [Live] source for each registry host that the catalog names. [Resolver.Run]
// asks each of them in a loop of its own, so that a slow host delays nobody;
// [Resolver.Snapshot] gives the newest join. What was good stays: a catalog that
// is refused and a host that does not answer leave the last good ones in place,
// and [Resolver.Status] says so.
//
// The pieces are packages below: artifact (charts over ORAS), registry (live
// facts over the OCI API), endpoint (how hosts are reached), snapshot (the
// join), names (what people type), store (the last good state on disk), fact and
// fault (words). Nothing here knows HTTP handlers; package server does.
package resolver
