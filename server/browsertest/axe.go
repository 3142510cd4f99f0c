package browsertest

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/registrytest"
)

// AxeVariable names the environment variable with the path of axe.min.js, of the
// npm package axe-core.
const AxeVariable = "BAYPLAN_AXE"

// Axe gives the text of axe-core, and skips the test where there is none; with
// [registrytest.RequireTools] it fails.
func Axe(t testing.TB) string {
	t.Helper()
	path := os.Getenv(AxeVariable)
	if path == "" {
		if os.Getenv(registrytest.RequireTools) == "1" {
			t.Fatalf("axe-core is needed, and %s does not say where it is", AxeVariable)
		}
		t.Skipf("%s does not say where axe-core is", AxeVariable)
	}
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(text)
}

// Accessible lets axe-core look at the page: WCAG 2.2 up to AA, and what is called
// best practice. It comes over the debugging protocol, so that the page's policy
// stays as it is. where says which page that is.
func (tab *Tab) Accessible(t testing.TB, axe, where string) {
	t.Helper()
	type node struct {
		Target         []string `json:"target"`
		HTML           string   `json:"html"`
		FailureSummary string   `json:"failureSummary"`
	}
	type violation struct {
		ID    string `json:"id"`
		Help  string `json:"help"`
		Nodes []node `json:"nodes"`
	}
	if Eval[string](tab, "typeof window.axe") == "undefined" {
		_ = Eval[bool](tab, axe+";\ntrue")
	}
	var out []string
	for _, v := range Eval[[]violation](tab, `axe.run(document, {
    resultTypes: ["violations"],
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
  }).then(r => r.violations)`) {
		for _, n := range v.Nodes[:min(3, len(v.Nodes))] {
			out = append(out, fmt.Sprintf("%s (%s): %s\n  %s\n  %s", v.ID, v.Help, strings.Join(n.Target, " "), n.HTML, n.FailureSummary))
		}
	}
	require.Empty(t, out, "%s\n%s", where, strings.Join(out, "\n"))
}
