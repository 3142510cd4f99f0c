// Package registrytest gives tests a registry to talk to over real HTTP.
//
// [InProcess] is a registry in memory that logs what it is asked and can be made
// to misbehave; it needs nothing. [Start] runs the distribution project's own
// registry (the docker-registry binary), with TLS and a password if wanted, so
// that other people's clients can be held against it. [Tool] finds such binaries.
//
// It is for tests only, imports nothing of Bayplan, and so may be used by any of
// its packages.
package registrytest
