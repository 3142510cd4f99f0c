// Package helmtest holds the catalog chart to what Helm's users meet: it runs
// the real Helm 3 and Helm 4 on chart/image-config and reads what they print.
//
// It has tests and nothing else. It is not the place for rules that only
// Bayplan's own lint knows (an alias that is another image's name, nulls that
// Helm drops before it validates), nor for the Go packages beside it that load
// or render a catalog in process: those are tested where they live. What is
// checked here is the chart's files alone, so that a maintainer who has Helm and
// no Bayplan gets the same answers.
//
// The binaries are named by the environment, BAYPLAN_HELM3 and BAYPLAN_HELM4.
// Without them the tests that need them are skipped, or fail if
// BAYPLAN_REQUIRE_TOOLS=1 is set.
package helmtest
