package nemesis

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/yaml"
)

// seen is what a body says, and what is wrong with it whenever it was sent.
type seen struct {
	problems   []string
	generation int // of the catalog; -1 where it says nothing of it
	// The UTC day is dayFrom or later and earlier than dayBefore; "" is no bound.
	dayFrom, dayBefore string
	facts              []told
	// unknown tells that it says itself that tools' images are not known yet.
	unknown bool
	// built is what it says that projects hold, by project; of one that was asked
	// for by name no more than one tag.
	built  map[string]told
	claims []claim // made by the checker
}

// told is what a body says of one thing.
type told struct {
	what  string // a repository, or a project
	value string // a digest, or the key of a content
	stale bool
}

// look reads a body of one kind.
func (w *World) look(q *Question, status int, text []byte) *seen {
	s := &seen{generation: -1, built: map[string]told{}}
	switch q.Kind {
	case LegacyYAML, LegacyJSON:
		w.lookLegacy(s, q.Kind, text)
		return s
	}
	var answer struct {
		Images   []map[string]any
		Image    map[string]any
		Messages struct{ Warning []string }
		Warning  []string
		Code     string
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		s.wrong("no JSON: %v", err)
		return s
	}
	old := false // it says itself that it is what was known before
	for _, warning := range slices.Concat(answer.Messages.Warning, answer.Warning) {
		old = old || strings.Contains(warning, "as it last answered")
		if strings.Contains(warning, "not known") || strings.Contains(warning, "could not be asked yet") {
			s.unknown = true
		}
	}
	switch {
	case status == 404:
		w.lookAbsent(s, q, answer.Code, old)
	case q.Kind == PublicList || q.Kind == ToolList:
		w.lookList(s, answer.Images)
	default:
		w.lookOne(s, q, answer.Image)
	}
	return s
}

func (s *seen) wrong(format string, args ...any) {
	s.problems = append(s.problems, fmt.Sprintf(format, args...))
}

// lookAbsent reads the answer that there is no such image.
func (w *World) lookAbsent(s *seen, q *Question, code string, old bool) {
	switch {
	case code != "image_not_found":
		s.wrong("404 with the code %q", code)
	case q.Project == "":
		s.wrong("%s is in every catalog, and was not found", q.Name)
	default:
		s.built[q.Project] = told{what: q.Project, value: "", stale: old}
	}
}

func (w *World) lookOne(s *seen, q *Question, record map[string]any) {
	if name, _ := record["short_name"].(string); name != q.Name {
		s.wrong("asked for %q, it is about %q", q.Name, name)
		return
	}
	w.lookRecord(s, record, func(project, _, digest string, stale bool) {
		s.built[project] = told{what: project, value: digest, stale: stale}
	})
}

// lookList reads a list: every image of one generation, and what tools built.
func (w *World) lookList(s *seen, records []map[string]any) {
	last := ""
	images, stale := map[string]map[string]string{}, map[string]bool{}
	standard := map[string]bool{}
	for _, record := range records {
		name, _ := record["short_name"].(string)
		if name <= last {
			s.wrong("%q comes after %q", name, last)
		}
		last = name
		if record["type"] == "standard" {
			standard[name] = true
		}
		w.lookRecord(s, record, func(project, tag, digest string, old bool) {
			if images[project] == nil {
				images[project] = map[string]string{}
			}
			images[project][tag] = digest
			stale[project] = stale[project] || old
		})
	}
	for project, tags := range images {
		s.built[project] = told{what: project, value: keyOf(tags), stale: stale[project]}
	}
	if catalog, ok := w.catalog(s.generation); !ok {
		s.wrong("a list of no generation")
	} else if want := slices.Sorted(maps.Keys(catalog.Images)); !slices.Equal(want, slices.Sorted(maps.Keys(standard))) {
		s.wrong("generation %d has the images %v, the list %v", s.generation, want, slices.Sorted(maps.Keys(standard)))
	}
}

// lookRecord holds a record against what was written. What a tool built goes to
// built.
func (w *World) lookRecord(s *seen, record map[string]any, built func(project, tag, digest string, stale bool)) {
	stale, _ := record["stale"].(bool)
	delete(record, "stale")
	delete(record, "notice")
	name, _ := record["short_name"].(string)
	if record["type"] == "standard" {
		w.lookStandard(s, name, record, stale)
		return
	}
	project, tag, found := strings.Cut(name, "/"+Repository+":")
	digest, _ := record["digest"].(string)
	if _, known := record["exists"]; !known && found {
		s.unknown = true // its source was never asked
		return
	}
	for _, free := range []string{"size_bytes", "pushed_at", "platforms", "stack"} {
		delete(record, free)
	}
	path, tool := project+"/"+Repository, ""
	w.mu.RLock()
	if p := w.projects[project]; p != nil {
		tool = p.tool
	}
	w.mu.RUnlock()
	image := w.Harbor + "/" + path + ":" + tag
	s.compare(name, record, map[string]any{
		"short_name": name, "type": "buildservice", "tool": tool, "state": "stable", "aliases": []any{name + "@" + digest},
		"host": w.Harbor, "path": path, "tag": tag, "image": image, "digest": digest, "pinned": image + "@" + digest,
		"exists": true, "variants": map[string]any{}, "sources": map[string]any{"live": w.Harbor, "metadata": w.Harbor},
	})
	if !found || tool == "" {
		s.wrong("%q was never written", name)
		return
	}
	built(project, tag, digest, stale)
}

// Repository is the name of each project's repository.
const Repository = "app"

func (s *seen) compare(name string, got, want map[string]any) {
	if !reflect.DeepEqual(got, want) {
		s.wrong("%s is %v, and what was written makes it %v", name, got, want)
	}
}

// lookStandard holds a record of the catalog against the generation that it says
// it is of.
func (w *World) lookStandard(s *seen, name string, record map[string]any, stale bool) {
	description, _ := record["description"].(string)
	generation, entry, ok := w.entryOf(description, name)
	if !ok {
		s.wrong("%s says %q, which was never published", name, description)
		return
	}
	s.of(name, generation)
	state, _ := record["state"].(string)
	s.day(name, entry, state)
	want := w.offer(s, record, name, stale)
	want["short_name"], want["type"], want["state"] = name, "standard", state
	want["aliases"], want["description"] = []any{Alias(name, generation)}, Description(generation)
	sources := map[string]any{"metadata": "chart"}
	if want["exists"] == true {
		sources["live"] = w.Host
	}
	want["sources"] = sources
	if entry.Deprecated != "" {
		want["lifecycle"] = map[string]any{"deprecated": entry.Deprecated}
	}
	variants, _ := record["variants"].(map[string]any)
	web, _ := variants["webservice"].(map[string]any)
	variant := w.offer(s, web, WebRepository(name), stale)
	variant["extra"] = map[string]any{"wstype": "generic"}
	want["variants"] = map[string]any{"webservice": variant}
	s.compare(name, record, want)
}

// entryOf finds an image of the generation that a description names.
func (w *World) entryOf(description, name string) (generation int, entry Entry, ok bool) {
	digits, found := strings.CutPrefix(description, "generation ")
	generation, err := strconv.Atoi(digits)
	if !found || err != nil {
		return 0, Entry{}, false
	}
	catalog, ok := w.catalog(generation)
	if ok {
		entry, ok = catalog.Images[name]
	}
	return generation, entry, ok
}

// of notes the generation of an image: a body has one.
func (s *seen) of(name string, generation int) {
	if s.generation >= 0 && s.generation != generation {
		s.wrong("%s is of generation %d, others are of %d", name, generation, s.generation)
	}
	s.generation = generation
}

// day notes what a state says of the day.
func (s *seen) day(name string, entry Entry, state string) {
	switch {
	case entry.Deprecated == "" || entry.State == "deprecated":
		if state != entry.State {
			s.wrong("%s is %s, and was written as %s", name, state, entry.State)
		}
	case state == "deprecated":
		s.dayFrom = max(s.dayFrom, entry.Deprecated)
	case state != entry.State:
		s.wrong("%s is %s, and was written as %s", name, state, entry.State)
	case s.dayBefore == "" || entry.Deprecated < s.dayBefore:
		s.dayBefore = entry.Deprecated
	}
}

// offer gives what is expected of a reference, and notes the digest that it is
// said to have: none while nobody could be asked.
func (w *World) offer(s *seen, record map[string]any, repository string, stale bool) map[string]any {
	image := w.Host + "/" + repository + ":latest"
	want := map[string]any{"host": w.Host, "path": repository, "tag": "latest", "image": image}
	if digest, _ := record["digest"].(string); digest != "" {
		want["digest"], want["pinned"], want["exists"] = digest, image+"@"+digest, true
		s.facts = append(s.facts, told{what: repository, value: digest, stale: stale})
	}
	return want
}

// lookLegacy reads the legacy view, which is of the catalog alone.
func (w *World) lookLegacy(s *seen, kind Kind, text []byte) {
	var entries map[string]map[string]any
	decode := json.Unmarshal
	if kind == LegacyYAML {
		decode = func(text []byte, to any) error { return yaml.Unmarshal(text, to) }
	}
	if err := decode(text, &entries); err != nil {
		s.wrong("no such document: %v", err)
		return
	}
	for name, entry := range entries {
		aliases, _ := entry["aliases"].([]any)
		if len(aliases) != 1 {
			s.wrong("%s has the aliases %v", name, aliases)
			continue
		}
		alias, _ := aliases[0].(string)
		generation, written, ok := w.entryOf("generation "+strings.TrimPrefix(alias, name+"-g"), name)
		if !ok {
			s.wrong("%s has the alias %q, which was never published", name, alias)
			continue
		}
		s.of(name, generation)
		s.compare(name, entry, map[string]any{
			"state": written.State, "aliases": []any{alias}, "image": w.Host + "/" + name,
			"variants": map[string]any{"webservice": map[string]any{"image": w.Host + "/" + WebRepository(name), "extra": map[string]any{"wstype": "generic"}}},
		})
	}
	if catalog, ok := w.catalog(s.generation); !ok || len(catalog.Images) != len(entries) {
		s.wrong("it is no whole generation: %d images of generation %d", len(entries), s.generation)
	}
}
