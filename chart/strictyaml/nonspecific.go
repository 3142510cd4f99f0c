package strictyaml

import (
	"encoding/json"
	"reflect"
	"regexp"

	"sigs.k8s.io/yaml"
)

// A tag "!" alone makes text of any scalar to Helm and PyYAML. The library that
// this package reads with takes it away without a trace, and "! 10" for 10.
var nonSpecific = regexp.MustCompile(`!([\s,\[\]{}]|$)`)

// nonSpecificTags asks Helm's reader about a document that may hold such a tag.
// Most hold an exclamation mark in a sentence.
func nonSpecificTags(source string, node *Node) []Problem {
	if !nonSpecific.MatchString(source) {
		return nil
	}
	helm, err := yaml.YAMLToJSON([]byte(source))
	if err != nil {
		return []Problem{{Rule: RuleSyntax, Message: err.Error()}}
	}
	ours, err := json.Marshal(node.Any())
	if err != nil {
		return []Problem{{Rule: RuleSyntax, Message: err.Error()}}
	}
	if sameJSON(helm, ours) {
		return nil
	}
	return []Problem{{Rule: RuleBends, Line: node.Line, Column: node.Column, Message: "a tag ! in this document changes what readers make of a value: remove it"}}
}

func sameJSON(a, b []byte) bool {
	var left, right any
	return json.Unmarshal(a, &left) == nil && json.Unmarshal(b, &right) == nil && reflect.DeepEqual(left, right)
}
