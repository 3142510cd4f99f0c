package legacy

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/Masterminds/semver/v3"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/strictyaml"
)

// document is one of the YAML documents of a stream.
type document struct {
	text []byte
	line int // of the stream, counted from 0, where it begins
}

// split cuts a stream where a line begins another document, and leaves out
// what holds nothing but comments. The text in a ConfigMap is indented or
// quoted, so that no line of it looks like that.
func split(data []byte) []document {
	var out []document
	current := document{}
	number := 0
	for line := range bytes.Lines(data) {
		if begins(line) {
			out = appendFilled(out, current)
			current = document{line: number}
		}
		current.text = append(current.text, line...)
		number++
	}
	return appendFilled(out, current)
}

func begins(line []byte) bool {
	rest, found := bytes.CutPrefix(line, []byte("---"))
	return found && (len(rest) == 0 || bytes.ContainsAny(rest[:1], " \t\r\n"))
}

func appendFilled(out []document, d document) []document {
	for line := range bytes.Lines(d.text) {
		if begins(line) {
			line = line[3:]
		}
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' {
			return append(out, d)
		}
	}
	return out
}

func (d document) mentions(word string) bool { return bytes.Contains(d.text, []byte(word)) }

// configMap is a ConfigMap that holds the legacy document.
type configMap struct {
	name, text string
	chartLabel string // "" if it has none
}

// configMaps gives the ConfigMaps of a document that have the legacy key: the
// object itself, or the items of a list.
func (d document) configMaps() ([]configMap, error) {
	root, problems := strictyaml.Parse(d.text)
	if root == nil {
		return nil, d.wrong(problems[0])
	}
	kind, ok := kindOf(root)
	if !ok {
		return nil, nil
	}
	var out []configMap
	switch {
	case kind == "ConfigMap":
		out = appendHolding(out, root)
	case strings.HasSuffix(kind, "List"):
		for _, item := range itemsOf(root) {
			// The items of a ConfigMapList may leave out what they are.
			if kind, ok := kindOf(item); !ok || kind == "ConfigMap" {
				out = appendHolding(out, item)
			}
		}
	}
	if len(out) == 0 {
		return nil, nil
	}
	return out, d.unclear(problems)
}

func itemsOf(list *strictyaml.Node) []*strictyaml.Node {
	if items := list.Get("items"); items != nil {
		return items.Items
	}
	return nil
}

// unclear gives the first problem that leaves open what the document holds. The
// other objects' scalars, and nulls such as kubectl writes, are their business.
func (d document) unclear(problems []strictyaml.Problem) error {
	for _, p := range problems {
		if p.Rule == strictyaml.RuleSyntax || p.Rule == strictyaml.RuleDuplicate || holdsText(p.Path) {
			return d.wrong(p)
		}
	}
	return nil
}

// holdsText tells the place of the legacy document in a manifest.
func holdsText(path strictyaml.Path) bool {
	n := len(path)
	return n >= 2 && path[n-1].Key == chart.LegacyKey && path[n-2].Key == "data"
}

// wrong says what is wrong with a document, and on which line of the stream.
func (d document) wrong(p strictyaml.Problem) error {
	text := p.Message
	if p.Path != nil {
		text = p.Path.String() + ": " + text
	}
	if p.Line > 0 {
		return fmt.Errorf("line %d: %s", d.line+p.Line, text)
	}
	return fmt.Errorf("%s", text)
}

// kindOf gives the kind of a Kubernetes object. In a legacy document, names
// stand there and maps behind them.
func kindOf(root *strictyaml.Node) (kind string, isObject bool) {
	if root == nil || root.Kind != strictyaml.Map {
		return "", false
	}
	_, versioned := root.Get("apiVersion").Text()
	kind, isObject = root.Get("kind").Text()
	return kind, versioned && isObject
}

// appendHolding adds a ConfigMap if it has the legacy key. What is no text
// there is read as none: a problem was reported, or the catalog will be found
// empty.
func appendHolding(to []configMap, object *strictyaml.Node) []configMap {
	value := object.Get("data").Get(chart.LegacyKey)
	if value == nil {
		return to
	}
	text, _ := value.Text()
	name, _ := object.Get("metadata").Get("name").Text()
	label, _ := object.Get("metadata").Get("labels").Get(ChartLabel).Text()
	return append(to, configMap{name: name, text: text, chartLabel: label})
}

// ChartLabel is the label in which Helm's charts say which one an object is of.
const ChartLabel = "helm.sh/chart"

// maxLabel is the longest value of a label: Helm cuts what is longer.
const maxLabel = 63

// Version gives the version of the catalog chart that a label names, for example
// 0.0.28 for image-config-0.0.28. It is "" where the label is another chart's,
// is cut off, or names no version.
func Version(label string) string {
	version, found := strings.CutPrefix(label, chart.Name+"-")
	if !found || len(label) >= maxLabel {
		return ""
	}
	version = strings.ReplaceAll(version, "_", "+") // no label holds a plus
	if _, err := semver.StrictNewVersion(version); err != nil {
		return ""
	}
	return version
}
