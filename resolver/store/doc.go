// Package store keeps on disk what was served last, so that the next process can
// begin with it when no registry answers.
//
// A directory belongs to one process at a time. It holds the catalog as an OCI
// image layout, by digest (catalog/), and generations: files with all facts, each
// written whole beside the one before and put in place by a rename. The newest
// that is whole counts; the one before it is kept for the day when it is not.
//
//	lock
//	catalog/oci-layout, index.json, blobs/sha256/…
//	generation-00000000000000000007
//
// A generation is a line that names the format's major, a message in the wire
// format of protocol buffers, and the sha256 of all that. Fields that a reader
// does not know are passed over, so what the next version of Bayplan adds costs
// nothing; what it changes gets another major, and a reader of the one before
// falls back to the generation before.
//
// The package knows neither what a catalog means nor who may see what: package
// resolver treats what comes from here like what comes from a registry.
package store
