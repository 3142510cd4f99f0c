package legacy

import (
	"bytes"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/strictyaml"
)

// Object is a Kubernetes object among manifests.
type Object struct {
	Kind, Name string
	// Text is the object as it stands there, its comments included, without the
	// line that divides documents.
	Text string
}

// Others gives the objects among manifests that hold no legacy document, in
// their order: what else a release has. Documents that are no objects are left
// out. Errors are those of [Read] for a text that is too large or no YAML.
func Others(data []byte, path string) ([]Object, error) {
	if len(data) > MaxBytes {
		return nil, tooLarge(path)
	}
	var out []Object
	for _, d := range split(data) {
		root, problems := strictyaml.Parse(d.text)
		if root == nil {
			return nil, inFile(path, d.wrong(problems[0]))
		}
		kind, ok := kindOf(root)
		if !ok || root.Get("data").Get(chart.LegacyKey) != nil {
			continue
		}
		name, _ := root.Get("metadata").Get("name").Text()
		out = append(out, Object{Kind: kind, Name: name, Text: string(d.body())})
	}
	return out, nil
}

// body is a document's text without the line that begins it.
func (d document) body() []byte {
	if first, rest, found := bytes.Cut(d.text, []byte("\n")); found && begins(append(bytes.Clone(first), '\n')) {
		if len(bytes.TrimSpace(first)) == len("---") {
			return rest
		}
	}
	return d.text
}
