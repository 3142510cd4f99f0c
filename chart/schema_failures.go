package chart

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/nearest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/strictyaml"
)

// schemaFailure walks to the leaves, which are the failures that a person can
// mend.
func (c *checker) schemaFailure(failure *jsonschema.ValidationError) {
	switch k := failure.ErrorKind.(type) {
	case *kind.AnyOf, *kind.OneOf:
		c.fail(RuleSchema, c.path(failure), alternatives(failure))
		return
	case *kind.PropertyNames:
		// The validator places this at the map; the key is the place to mend.
		c.fail("bad-name", c.path(failure).With(strictyaml.Key(k.Property)), badName(k.Property))
		return
	}
	if len(failure.Causes) > 0 {
		// The validator walks maps, so in any order; which findings are kept
		// where there are too many must not depend on it.
		slices.SortFunc(failure.Causes, compareFailures)
		for _, cause := range failure.Causes {
			c.schemaFailure(cause)
		}
		return
	}
	if c.full() && alwaysError(failure) {
		c.add(Finding{Severity: SeverityError}) // counted, and not worded
		return
	}
	path := c.path(failure)
	switch k := failure.ErrorKind.(type) {
	case *kind.AdditionalProperties:
		for _, property := range slices.Sorted(slices.Values(k.Properties)) {
			at := path.With(strictyaml.Key(property))
			switch {
			case keysAreNames(path):
				c.fail("bad-name", at, badName(property))
			case isOpen(path):
				c.failVaguely(at, "this key is not allowed here")
			default:
				c.unknownKey(at, property)
			}
		}
	case *kind.Required:
		for _, missing := range k.Missing {
			if missing == "state" {
				c.fail(RuleNoState, path, "state is missing: write stable, beta or deprecated")
			} else {
				c.fail(RuleSchema, path, fmt.Sprintf("%s is missing", missing))
			}
		}
	case *kind.Enum:
		c.enum(path, k)
	case *kind.Pattern:
		if isName(path) {
			c.fail("bad-name", path, badName(k.Got))
		} else {
			c.failVaguely(path, fmt.Sprintf("%q does not have the form that this key asks for", k.Got))
		}
	case *kind.Not:
		node, _, _ := c.root.Find(path)
		name, isText := node.Text()
		if !isText && len(path) > 0 {
			name = path[len(path)-1].Key // a name is refused as the key that it is
		}
		c.fail("bad-name", path, badName(name))
	case *kind.Format:
		c.failVaguely(path, fmt.Sprintf("%q is no %s: write it in full", fmt.Sprint(k.Got), k.Want))
	case *kind.Type:
		c.fail(RuleSchema, path, fmt.Sprintf("this is %s, and should be %s%s", article(k.Got), article(strings.Join(k.Want, " or ")), quoteHint(k)))
	case *kind.UniqueItems:
		rule := "duplicate-item"
		if path[len(path)-1].Key == "aliases" {
			rule = "duplicate-alias"
		}
		c.fail(rule, path.With(strictyaml.Index(k.Duplicates[1])), fmt.Sprintf("the same as item %d of this list: remove one", k.Duplicates[0]+1))
	case *kind.MinLength:
		c.fail(RuleSchema, path, "this is empty: write a text, or leave the key out")
	case *kind.MinProperties:
		c.fail(RuleSchema, path, "this is empty: it needs at least one entry")
	default:
		c.fail(RuleSchema, path, failure.ErrorKind.LocalizedString(printer))
	}
}

// alwaysError tells the failures that are errors to everybody: all but keys and
// words that a newer catalog may have.
func alwaysError(failure *jsonschema.ValidationError) bool {
	switch failure.ErrorKind.(type) {
	case *kind.AdditionalProperties, *kind.Enum:
		return false
	}
	return true
}

// keysAreNames tells the maps whose keys are names, so that a key which the
// schema does not admit is a bad name and no unknown key.
func keysAreNames(path strictyaml.Path) bool {
	switch len(path) {
	case 1:
		return path[0].Key == "images" || path[0].Key == "tombstones" || path[0].Key == "stacks"
	case 3:
		return path[0].Key == "images" && path[2].Key == "variants"
	}
	return false
}

// isOpen tells the maps, and what is below them, that may hold any key.
func isOpen(path strictyaml.Path) bool {
	return len(path) > 2 && path[0].Key == "images" && path[2].Key == "webservice-defaults" ||
		len(path) > 4 && path[0].Key == "images" && path[2].Key == "variants" && path[4].Key == "extra"
}

// isName tells the places whose text is the name of an image.
func isName(path strictyaml.Path) bool {
	last := len(path) - 1
	if last > 0 && path[last].Index >= 0 {
		last-- // an item is what its list is
	}
	return last == 2 && (path[2].Key == "aliases" || path[2].Key == "replacedBy")
}

func compareFailures(a, b *jsonschema.ValidationError) int {
	return cmp.Or(slices.Compare(a.InstanceLocation, b.InstanceLocation), slices.Compare(a.ErrorKind.KeywordPath(), b.ErrorKind.KeywordPath()))
}

func badName(name string) string {
	switch {
	case name == Reserved:
		return fmt.Sprintf("%q is reserved: it is the type of user-built images", name)
	case strings.HasPrefix(name, "tool-") && strings.Contains(name, "/"):
		return fmt.Sprintf("%q looks like a user-built image: names that begin tool-…/ are theirs", name)
	}
	return fmt.Sprintf("%q is not allowed here: names hold letters, digits, dots, dashes and underscores", name)
}

// unknownKey is an error to a maintainer, who mistyped it, and a warning to a
// server, which may be older than the catalog.
func (c *checker) unknownKey(path strictyaml.Path, name string) {
	text := "this key is not known"
	if near := nearest.Words(name, knownKeys, 1); len(near) > 0 {
		text += fmt.Sprintf(": did you mean %s?", near[0])
	} else {
		text += ": remove it, or put it below extra if a consumer needs it"
	}
	c.report(RuleUnknownKey, c.leniently(true), path, text)
}

func (c *checker) enum(path strictyaml.Path, k *kind.Enum) {
	rule, words := RuleSchema, make([]string, len(k.Want))
	for i, want := range k.Want {
		words[i] = fmt.Sprint(want)
	}
	if len(path) > 0 && path[len(path)-1].Key == "state" {
		rule = RuleState
	}
	text := fmt.Sprintf("%q is not one of %s", fmt.Sprint(k.Got), strings.Join(words, ", "))
	if near := nearest.Words(fmt.Sprint(k.Got), words, 1); len(near) > 0 {
		text += fmt.Sprintf(": did you mean %s?", near[0])
	}
	c.report(rule, c.leniently(c.newer), path, text)
}

// knownKeys are all keys of the schema, for suggestions.
var knownKeys = []string{
	"state", "aliases", "image", "variants", "extra", "webservice-defaults", "description", "links",
	"replacedBy", "lifecycle", "deprecated", "unsupported", "removed", "formerly", "date", "reason",
	"title", "url", "images", "tombstones", "stacks", "formatVersion",
}

// alternatives says what an anyOf or oneOf wants, from what is missing.
func alternatives(failure *jsonschema.ValidationError) string {
	var missing, other []string
	for _, cause := range leaves(failure) {
		if required, ok := cause.ErrorKind.(*kind.Required); ok {
			missing = append(missing, required.Missing...)
		} else {
			other = append(other, cause.ErrorKind.LocalizedString(printer))
		}
	}
	if len(missing) > 0 && len(other) == 0 {
		return "one of these keys is needed: " + strings.Join(missing, ", ")
	}
	return strings.Join(append(other, missing...), ", or ")
}

func leaves(failure *jsonschema.ValidationError) []*jsonschema.ValidationError {
	if len(failure.Causes) == 0 {
		return []*jsonschema.ValidationError{failure}
	}
	var out []*jsonschema.ValidationError
	for _, cause := range failure.Causes {
		out = append(out, leaves(cause)...)
	}
	return out
}

func quoteHint(k *kind.Type) string {
	if slices.Contains(k.Want, "string") && slices.Contains([]string{"number", "integer", "boolean"}, k.Got) {
		return ": quote it"
	}
	return ""
}

// printer words what the validator says of failures that have no wording here.
var printer = message.NewPrinter(language.English)

func article(word string) string {
	if word != "" && strings.ContainsRune("aeiou", rune(word[0])) {
		return "an " + word
	}
	return "a " + word
}
