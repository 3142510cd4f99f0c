// Package artifact moves the catalog chart between a registry and memory: it
// chooses a version, pulls it, and publishes one, over ORAS.
//
// A chart is an OCI image manifest with a Helm config blob, one chart layer and
// perhaps one provenance layer. Whatever a registry answers is bounded before it
// is read (see [Limits]) and verified after: media types, sizes, sha256 digests,
// and that tag, Chart.yaml and config blob name the same chart. A pull costs two
// requests (manifest, layer), a check that nothing changed costs one HEAD, and a
// SemVer constraint adds one listing of tags; see [Client.Pull] for how the
// config blob is verified without being fetched.
//
// It is not a chart loader: of the archive it reads Chart.yaml and nothing else.
// Package chart opens the values. It decides nothing about going backwards or
// about a version whose digest changed: the store that knows what was served
// before does.
//
// Neighbours: package endpoint says where a host really is and with which
// credentials; package fault is the list of error kinds; package registry asks
// registries about images, not charts.
package artifact
