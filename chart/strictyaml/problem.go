package strictyaml

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Problem is one thing that a document must not hold.
type Problem struct {
	Rule string
	// Line and Column count from 1; 0 means that there is no place.
	Line, Column int
	Path         Path
	Message      string
}

// The rules that a [Problem] may name.
const (
	RuleSyntax    = "yaml-syntax"    // the text is no YAML, or over a bound
	RuleBends     = "yaml-bends"     // readers disagree about a scalar or key
	RuleNull      = "yaml-null"      // null, which Helm drops without a word
	RuleDuplicate = "yaml-duplicate" // a key twice in one map
)

var lineOf = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)

func syntaxProblem(err error) Problem {
	problem := Problem{Rule: RuleSyntax, Message: err.Error()}
	if m := lineOf.FindStringSubmatch(err.Error()); m != nil {
		problem.Line, _ = strconv.Atoi(m[1])
		problem.Message = m[2]
	}
	return problem
}

// lineBreaks reports the first character that ends a line in YAML 1.1 and is
// an ordinary one in YAML 1.2 and to editors: behind it, even the line numbers
// of the two differ.
func lineBreaks(source string) []Problem {
	i := strings.IndexAny(source, "\u0085\u2028\u2029")
	if i < 0 {
		return nil
	}
	character, _ := utf8.DecodeRuneInString(source[i:])
	line := strings.Count(source[:i], "\n") + 1
	column := utf8.RuneCountInString(source[strings.LastIndexByte(source[:i], '\n')+1:i]) + 1
	return []Problem{{Rule: RuleBends, Line: line, Column: column, Message: fmt.Sprintf(
		"the character %U is a line break to some readers: remove it, or write it as \"\\u%04x\" in double quotes", character, character)}}
}

// unreadable tells what the library would read, and no catalog is: a text in
// UTF-16, which hides from whoever looks for characters, and a flood of directives.
func unreadable(source string) (Problem, bool) {
	if strings.HasPrefix(source, "\xff\xfe") || strings.HasPrefix(source, "\xfe\xff") {
		return Problem{Rule: RuleSyntax, Message: "the text is UTF-16: write it as UTF-8"}, true
	}
	if directives := strings.Count(source, "%TAG"); directives > MaxDirectives {
		return Problem{Rule: RuleSyntax, Message: fmt.Sprintf("the document has %d directives, at most %d are read", directives, MaxDirectives)}, true
	}
	return Problem{}, false
}
