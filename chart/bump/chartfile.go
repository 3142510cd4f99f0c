package bump

import (
	"errors"
	"fmt"
	"maps"
	"reflect"

	"go.yaml.in/yaml/v3"
)

// ChangesAnnotation is the annotation of Chart.yaml that tells what changed.
const ChangesAnnotation = "artifacthub.io/changes"

// Edit is what Chart.yaml is to say.
type Edit struct {
	// Version is the new version.
	Version string
	// Published is the version before, as it was published; "" while unknown.
	// appVersion follows where it says this, or what version says: it is the
	// chart's version then. One that says something else is of something else.
	Published string
	// Notes take the place of the notes there; none leave them.
	Notes []Note
}

// Apply writes an edit into the text of a Chart.yaml. All else stays as it is,
// byte for byte: comments, order, quoting. The new text is read again before it
// is given, and says what the old one said but for the edit; a text that cannot
// be changed so gives an error that says what to do.
func Apply(text []byte, e Edit) ([]byte, error) {
	d, err := parse(text)
	if err != nil {
		return nil, err
	}
	was, err := says(text)
	if err != nil {
		return nil, err
	}
	keys := []string{"version"}
	version, _ := was["version"].(string)
	if app, _ := was["appVersion"].(string); app != "" && (app == version || app == e.Published) {
		keys = append(keys, "appVersion")
	}
	want := maps.Clone(was)
	for _, key := range keys {
		want[key] = e.Version
		if was[key] == e.Version {
			continue
		}
		if err := d.set(key, e.Version); err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
	}
	if len(e.Notes) > 0 {
		if err := d.note(e.Notes); err != nil {
			return nil, fmt.Errorf("annotations: %w", err)
		}
	}
	next := d.bytes()
	if err := proves(next, want, e.Notes); err != nil {
		return nil, err
	}
	return next, nil
}

// says is what a text says.
func says(text []byte) (map[string]any, error) {
	var out map[string]any
	if err := yaml.Unmarshal(text, &out); err != nil {
		return nil, err
	}
	if out == nil {
		return nil, errors.New("it is no map")
	}
	return out, nil
}

// proves holds a new text against what it is to say.
func proves(next []byte, want map[string]any, notes []Note) error {
	spoilt := errors.New("it is written in a way that this change would spoil: make it by hand")
	got, err := says(next)
	if err != nil {
		return spoilt
	}
	if len(notes) > 0 {
		var written []Note
		annotations, text := split(got)
		if yaml.Unmarshal([]byte(text), &written) != nil || !reflect.DeepEqual(written, notes) {
			return spoilt
		}
		got["annotations"] = annotations
		want = maps.Clone(want)
		want["annotations"], _ = split(want)
	}
	if !reflect.DeepEqual(got, want) {
		return spoilt
	}
	return nil
}

// split gives the annotations without the notes, and the notes.
func split(chart map[string]any) (others map[string]any, notes string) {
	all, _ := chart["annotations"].(map[string]any)
	others = map[string]any{}
	maps.Copy(others, all)
	notes, _ = others[ChangesAnnotation].(string)
	delete(others, ChangesAnnotation)
	return others, notes
}
