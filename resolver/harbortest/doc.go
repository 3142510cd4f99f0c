// Package harbortest is a stand-in for Harbor: the part of its API, of its
// registry and of its token service that a catalog of images reads, answering
// as a real Harbor 2.15.2 was recorded to answer (testdata/harbor), quirks
// included. [New] makes an [http.Handler] that needs nothing else; [Start] runs
// one for a test.
//
// Content comes in three ways, and shows the same in all places: pushed through
// OCI (crane, helm push, ORAS), written through the API, or made in Go
// ([Harbor.AddProject], [Harbor.Push]; [Harbor.Seed] for thousands of
// repositories at a few hundred bytes each). Latency, faults and outages are
// switched on while it runs, and every request is kept for a test to count.
//
// It is not a registry to keep anything in: all of it is in memory. It is not a
// mock either: clients talk HTTP to it and it knows nothing of them. What no
// recording shows (scan overviews, memberships) follows Harbor's API
// description and says so where it is defined.
//
// Its neighbours: resolver/harbor is the client that is tested against it,
// resolver/registrytest has plain registries, and the demo serves one.
package harbortest
