// Package strictyaml reads YAML that must mean the same to every reader.
//
// A catalog is read by Helm (YAML 1.1 rules, in Go), by jobs-api and webservice
// (YAML 1.1, in Python) and by editors (YAML 1.2). They disagree about plain
// scalars: 3.20 is a number that loses its zero, n and on are booleans to some,
// 010 is eight or ten, 1:30 is ninety. This reader keeps the place of every
// node and reports each scalar whose meaning depends on the reader, each
// duplicate key and each null, instead of choosing one meaning.
//
// It knows nothing of catalogs. Package chart decides what a document holds.
package strictyaml

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
)

// The bounds of one document. A catalog of thousands of images stays below.
// Aliases are followed, so that a few lines can stand for gigabytes: the bounds
// on values and text count what an alias stands for each time.
const (
	MaxBytes    = 2 << 20 // of the document, and again of all keys and scalars
	MaxNodes    = 60_000  // values
	MaxDepth    = 64      // levels of nesting
	MaxKey      = 1 << 10 // bytes of one key
	MaxProblems = 1000    // that are reported
	// MaxDirectives bounds how often %TAG may be written. The library compares
	// each with all before it: 100,000 take it half a minute.
	MaxDirectives = 10
)

// Parse reads one document. It reports every problem it meets, up to
// [MaxProblems]; the node is nil only if nothing could be read, or too much. A document
// without problems gives the same data as sigs.k8s.io/yaml, with which Helm
// reads it.
func Parse(data []byte) (*Node, []Problem) {
	if len(data) > MaxBytes {
		return nil, []Problem{{Rule: RuleSyntax, Message: fmt.Sprintf("the file has %d bytes, at most %d are read", len(data), MaxBytes)}}
	}
	source := string(data)
	if problem, found := unreadable(source); found {
		return nil, []Problem{problem}
	}
	decoder := yaml.NewDecoder(strings.NewReader(source))
	var document, second yaml.Node
	if err := decoder.Decode(&document); err != nil {
		if errors.Is(err, io.EOF) {
			return &Node{Kind: Map, Line: 1, Column: 1}, nil
		}
		return nil, []Problem{syntaxProblem(err)}
	}
	p := &parser{problems: lineBreaks(source)}
	node := p.node(document.Content[0], nil, 0)
	p.aliasing(&document)
	switch err := decoder.Decode(&second); {
	case err == nil:
		p.report(RuleSyntax, &second, nil, "a second document begins here: keep one document to a file")
	case !errors.Is(err, io.EOF):
		p.problems = append(p.problems, syntaxProblem(err))
	}
	if p.large {
		return nil, p.problems // nobody is to work on the part that was read
	}
	if len(p.problems) == 0 {
		p.problems = nonSpecificTags(source, node)
	}
	return node, p.problems
}
