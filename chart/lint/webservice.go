package lint

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/consumers"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/nearest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/strictyaml"
)

// served gives the images that have a variant for the webservice command.
func (l *linter) served() []named {
	return slices.DeleteFunc(slices.Clone(l.images), func(n named) bool { return n.entry.Variants[chart.VariantWebservice] == nil })
}

// variantsMissing looks for entries without variants, where the webservice
// command reads the catalog at all.
func (l *linter) variantsMissing() {
	if len(l.served()) == 0 {
		return
	}
	for _, n := range l.images {
		if n.entry.Variants == nil {
			l.say(n.at(), "%s has no variants, which the webservice command reads of every entry: write variants: {}", n.name)
		}
	}
}

func (l *linter) missingWstype() {
	for _, n := range l.served() {
		extra := n.entry.Variants[chart.VariantWebservice].Extra
		if _, found := extra["wstype"]; found {
			continue
		}
		hint := "write one of " + strings.Join(consumers.Wstypes(), ", ")
		for _, key := range slices.Sorted(maps.Keys(extra)) {
			if alike(key, "wstype") {
				hint = fmt.Sprintf("is it %s, misspelt?", key)
			}
		}
		path := n.at("variants", chart.VariantWebservice)
		if extra != nil {
			path = path.With(strictyaml.Key("extra"))
		}
		l.say(path, "the webservice variant has no extra.wstype: %s", hint)
	}
}

func (l *linter) unknownWstype() { l.knownWord("wstype", consumers.Wstypes()) }

func (l *linter) unknownResources() { l.knownWord("resources", consumers.Resources()) }

// knownWord checks that a key of extra, if it is there, holds one of the words.
func (l *linter) knownWord(key string, words []string) {
	for _, n := range l.served() {
		value, found := n.entry.Variants[chart.VariantWebservice].Extra[key]
		text, isText := value.(string)
		if !found || isText && slices.Contains(words, text) {
			continue
		}
		hint := ""
		if near := nearest.Words(text, words, 1); len(near) > 0 {
			hint = fmt.Sprintf(": did you mean %s?", near[0])
		}
		l.say(n.at("variants", chart.VariantWebservice, "extra", key), "%q is not one of %s%s", fmt.Sprint(value), strings.Join(words, ", "), hint)
	}
}

// misspeltKey looks, in the maps that take any key, for keys that are nearly
// one that consumers read.
func (l *linter) misspeltKey() {
	for _, n := range l.images {
		l.misspelt(n.at("webservice-defaults"), n.entry.WebserviceDefaults, "command", "port", "memory")
		for _, variant := range sortedVariants(n.entry) {
			l.misspelt(n.at("variants", variant, "extra"), n.entry.Variants[variant].Extra, "resources")
		}
	}
}

func (l *linter) misspelt(path strictyaml.Path, m map[string]any, known ...string) {
	for _, key := range slices.Sorted(maps.Keys(m)) {
		for _, word := range known {
			if _, there := m[word]; !there && alike(key, word) {
				l.say(path.With(strictyaml.Key(key)), "no consumer reads this key: did you mean %s?", word)
			}
		}
	}
}

// alike tells whether a key is a known word but for case, dashes, underscores or
// one slip, and not that word.
func alike(key, word string) bool {
	plain := strings.ToLower(strings.NewReplacer("-", "", "_", "", ".", "", " ", "").Replace(key))
	return key != word && (plain == word || slipped(plain, word) || plain+"s" == word || plain == word+"s")
}

// defaultType looks for the type that is started when none is named, where the
// webservice command reads the catalog at all.
func (l *linter) defaultType() {
	name := l.opts.DefaultType
	if name == "" || len(l.served()) == 0 {
		return
	}
	switch entry := l.catalog.Images[name]; {
	case entry == nil:
		l.say(strictyaml.Keys("images"), "there is no image %s, which a plain webservice start wants; it reads no aliases", name)
	case entry.Variants[chart.VariantWebservice] == nil:
		l.say(named{name, entry}.at(), "%s has no webservice variant, which a plain webservice start wants", name)
	}
}
