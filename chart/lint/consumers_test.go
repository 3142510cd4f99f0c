package lint_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/consumers"
)

// What these rules say of the consumers is what the consumers do.
func TestRulesAboutConsumersAreTrue(t *testing.T) {
	for rule, fault := range map[string]string{
		"webservice-tag":      "webservice-0.98/unusable/python3.11",
		"digest-in-reference": "jobs-api-2026-05/unusable/bookworm",
		"variants-missing":    "webservice-0.98/fails",
		"missing-wstype":      "webservice-0.98/fails",
		"unknown-wstype":      "webservice-0.98/fails",
		"unknown-resources":   "webservice-0.98/fails",
		"default-type":        "webservice-0.98/default",
		"flat-image-missing":  "jobs-api-2026-05/lost/trixie",
	} {
		t.Run(rule, func(t *testing.T) {
			fixture, err := txtar.ParseFile(filepath.Join("rules", rule+".txtar"))
			require.NoError(t, err)
			var names []string
			for _, b := range consumers.Faults(consumers.Check(consumers.Of(sourceOf(t, fixture)))) {
				names = append(names, b.Name)
			}
			require.Contains(t, names, fault)
		})
	}
}
