package server

import (
	"net/url"
	"slices"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
)

// filter tells which images a list has. Values of one kind are alternatives,
// kinds go together; an empty filter lets everything pass.
type filter struct {
	types, states, stackStates, variants, tools, names, texts []string
	exists                                                    []fact.Status
}

// filterParameters are those that a filter is made of, in the order in which
// mistakes are told.
var filterParameters = []string{"type", "state", "stack_state", "variant", "tool", "name", "q", "exists"}

func parseFilter(values url.Values) (filter, error) {
	for _, name := range filterParameters {
		if slices.Contains(values[name], "") {
			return filter{}, badf("%s has no value: give it one or leave it out", name)
		}
	}
	f := filter{
		types: values["type"], states: values["state"], stackStates: values["stack_state"],
		variants: values["variant"], tools: values["tool"], names: values["name"],
	}
	for _, text := range values["q"] {
		f.texts = append(f.texts, strings.ToLower(text))
	}
	for _, word := range values["exists"] {
		switch word {
		case "true":
			f.exists = append(f.exists, fact.Present)
		case "false":
			f.exists = append(f.exists, fact.Absent)
		case "unknown":
			f.exists = append(f.exists, fact.Unknown)
		default:
			return filter{}, badf("exists %q is none of true, false, unknown", shown(word))
		}
	}
	return f, nil
}

// passes tells whether an image is in the list.
func (f *filter) passes(i *snapshot.Image) bool {
	return oneOf(f.types, string(i.Type)) &&
		oneOf(f.states, i.State) &&
		f.passesBuilt(i.Built) &&
		anyOf(f.variants, func(name string) bool { return i.Variant(name) != nil }) &&
		anyOf(f.names, func(name string) bool { return name == i.ShortName || slices.Contains(i.Aliases, name) }) &&
		anyOf(f.texts, func(text string) bool { return holds(i, text) }) &&
		anyOf(f.exists, func(s fact.Status) bool { return s == i.Exists })
}

// passesBuilt looks at what only user-built images have. A standard image stands
// on no stack and belongs to no tool.
func (f *filter) passesBuilt(b *snapshot.Built) bool {
	if b == nil {
		return len(f.stackStates) == 0 && len(f.tools) == 0
	}
	onStack := b.Stack != nil && b.Stack.State != "" && slices.Contains(f.stackStates, b.Stack.State)
	return oneOf(f.tools, b.Tool) && (len(f.stackStates) == 0 || onStack)
}

func oneOf(allowed []string, word string) bool {
	return len(allowed) == 0 || slices.Contains(allowed, word)
}

// anyOf tells whether one of the values fits, or there are none.
func anyOf[T any](values []T, fits func(T) bool) bool {
	return len(values) == 0 || slices.ContainsFunc(values, fits)
}

// holds tells whether a name of the image holds the text, whatever the case.
func holds(i *snapshot.Image, text string) bool {
	return strings.Contains(strings.ToLower(i.ShortName), text) ||
		slices.ContainsFunc(i.Aliases, func(alias string) bool { return strings.Contains(strings.ToLower(alias), text) })
}
