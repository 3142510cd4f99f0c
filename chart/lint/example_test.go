package lint_test

import (
	"fmt"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/lint"
)

// A finding that is accepted on purpose is told apart from one that is not.
func Example() {
	result := lint.Run(chart.FromValues([]byte(`formatVersion: "1.0"
images:
  ruby2.1:
    state: stable
    aliases:
      # lint:allow alias-contradicts-state: stored jobs carry it
      - tf-ruby21-DEPRECATED
      - ruby
    image: registry.example/ruby21
`)), lint.Options{})
	for _, f := range result.Findings {
		fmt.Println(f)
	}
	for _, a := range result.Allowed {
		fmt.Printf("accepted on line %d, %s: %s\n", a.Line, a.Rule, a.Reason)
	}
	// Output:
	// values.yaml:8:9: warning: images."ruby2.1".aliases[1]: alias "ruby" reads like a short name, and means ruby2.1 (alias-reads-as-name)
	// accepted on line 7, alias-contradicts-state: stored jobs carry it
}
