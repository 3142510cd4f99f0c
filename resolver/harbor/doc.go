// Package harbor asks Harbor's API for live facts: who we are to it, which
// projects and repositories there are, and which artifacts they hold.
//
// It is the wire and nothing above it: it keeps no facts, has no clock and no
// loop over time (package inventory has those). How the host is reached and
// with which credential is package endpoint's; how failures are named is
// package fault's. It sends GET under /api/v2.0/ and GET /v2/, and nothing
// else: none of these counts as a pull, by which retention goes.
//
// # What an answer means
//
// Harbor answers wrong or revoked credentials with 200 and the public part, as
// if nobody had signed in (recordings auth.bad-*). So a client that has a
// credential proves it, with GET /v2/, before its first list and whenever
// [Client.Prove] is called, and loses that proof with any 401. All that a list
// says is true for the moment of the last proof: an empty list of a repository
// that is not there (200 and [], recording
// artifacts.missing-repository.anonymous) is the truth only while the identity
// is proved. Whoever publishes what vanished calls Prove first.
//
// # Why not the generated client
//
// Pages of artifacts are mostly text that nobody here reads (labels with escaped
// JSON in extra_attrs). github.com/goharbor/go-client decodes all of it into
// models over encoding/json: it was measured at 0.7 of the speed of encoding/json
// into the few fields that are wanted. This package reads those fields from the
// tokens of github.com/go-json-experiment/json: in BenchmarkArtifactPage about 4.1
// times as fast as encoding/json on pages of buildpack images, 5 KB each, whose
// metadata it takes apart too, and 2.3 to 3 times on the recorded page of tiny
// images, where checking the text is most of the work. It refuses what
// encoding/json takes: duplicate keys, keys in other cases, invalid UTF-8, and
// null for a list.
//
// Shapes follow recordings of Harbor 2.15.2. What no recording shows, buildpack
// labels and scan overviews, follows the buildpacks platform specification and
// Harbor's API description, is untried against a real Harbor, and is read
// leniently: what is not understood is left out, and spoils nothing else.
package harbor
