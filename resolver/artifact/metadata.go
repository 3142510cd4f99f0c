package artifact

import (
	"encoding/json"
	"strings"
	"unicode"

	"sigs.k8s.io/yaml"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// Metadata is what Chart.yaml says. Fields, their order and their JSON names are
// those of Helm's chart.Metadata (3.x and 4.x agree): the config blob is this,
// marshalled, and its digest depends on every byte. Helm itself is not imported:
// this package is on the serving path, which does without it.
type Metadata struct {
	Name         string            `json:"name,omitempty"`
	Home         string            `json:"home,omitempty"`
	Sources      []string          `json:"sources,omitempty"`
	Version      string            `json:"version,omitempty"`
	Description  string            `json:"description,omitempty"`
	Keywords     []string          `json:"keywords,omitempty"`
	Maintainers  []*Maintainer     `json:"maintainers,omitempty"`
	Icon         string            `json:"icon,omitempty"`
	APIVersion   string            `json:"apiVersion,omitempty"`
	Condition    string            `json:"condition,omitempty"`
	Tags         string            `json:"tags,omitempty"`
	AppVersion   string            `json:"appVersion,omitempty"`
	Deprecated   bool              `json:"deprecated,omitempty"`
	Annotations  map[string]string `json:"annotations,omitempty"`
	KubeVersion  string            `json:"kubeVersion,omitempty"`
	Dependencies []*Dependency     `json:"dependencies,omitempty"`
	Type         string            `json:"type,omitempty"`
}

// Maintainer is one of Chart.yaml's maintainers.
type Maintainer struct {
	Name  string `json:"name,omitempty"`
	Email string `json:"email,omitempty"`
	URL   string `json:"url,omitempty"`
}

// Dependency is one of Chart.yaml's dependencies. A catalog has none; they are
// here because the config blob of a chart that has some names them.
type Dependency struct {
	Name         string   `json:"name"`
	Version      string   `json:"version,omitempty"`
	Repository   string   `json:"repository"`
	Condition    string   `json:"condition,omitempty"`
	Tags         []string `json:"tags,omitempty"`
	Enabled      bool     `json:"enabled,omitempty"`
	ImportValues []any    `json:"import-values,omitempty"`
	Alias        string   `json:"alias,omitempty"`
}

// readMetadata reads the Chart.yaml of an archive, as Helm's loader would.
//
// Errors: fault.Invalid and fault.TooLarge.
func readMetadata(archive []byte) (Metadata, error) {
	text, err := chartYAML(archive)
	if err != nil {
		return Metadata{}, err
	}
	meta, err := parseMetadata(text)
	if err != nil {
		return Metadata{}, fault.New(fault.Invalid, "", "", "its Chart.yaml: %w", redact(err))
	}
	if meta.Name == "" || meta.Version == "" {
		return Metadata{}, fault.New(fault.Invalid, "", "", "its Chart.yaml lacks a name or a version")
	}
	if meta.APIVersion == "" {
		meta.APIVersion = "v1" // what Helm assumes
	}
	return meta, meta.tidy()
}

// parseMetadata is strict about a key that stands there twice, and about nothing
// else: new keys are Helm's to add.
func parseMetadata(text []byte) (meta Metadata, err error) {
	data, err := yaml.YAMLToJSONStrict(text)
	if err != nil {
		return Metadata{}, err
	}
	if json.Unmarshal(data, &meta) == nil {
		return meta, nil
	}
	// Something is no text where text is expected, perhaps "appVersion: 1.10". Read
	// again as Helm does, which makes texts of such (here "1.1").
	meta = Metadata{}
	err = yaml.Unmarshal(text, &meta)
	return meta, err
}

// configJSON is the config blob that Helm makes of Chart.yaml.
func (m Metadata) configJSON() ([]byte, error) {
	data, err := json.Marshal(m)
	return data, fault.Wrap(fault.Internal, "", "", err)
}

// tidy does to texts what Helm's loader does before it marshals them: any space
// becomes a blank, what cannot be printed goes. Name, version, annotations and
// maintainers' names are part of it or not exactly as there.
func (m *Metadata) tidy() error {
	texts := []*string{&m.Name, &m.Description, &m.Home, &m.Icon, &m.Condition, &m.Tags, &m.AppVersion, &m.KubeVersion}
	texts = append(texts, pointers(m.Sources)...)
	texts = append(texts, pointers(m.Keywords)...)
	for _, person := range m.Maintainers {
		if person == nil {
			return fault.New(fault.Invalid, "", "", "its Chart.yaml has an empty maintainer")
		}
		texts = append(texts, &person.Name, &person.Email, &person.URL)
	}
	for _, needed := range m.Dependencies {
		if needed == nil {
			return fault.New(fault.Invalid, "", "", "its Chart.yaml has an empty dependency")
		}
		texts = append(texts, &needed.Name, &needed.Version, &needed.Repository, &needed.Condition)
		texts = append(texts, pointers(needed.Tags)...)
	}
	for _, text := range texts {
		*text = strings.Map(printable, *text)
	}
	return nil
}

func pointers(list []string) []*string {
	all := make([]*string, len(list))
	for i := range list {
		all[i] = &list[i]
	}
	return all
}

func printable(r rune) rune {
	switch {
	case unicode.IsSpace(r):
		return ' '
	case unicode.IsPrint(r):
		return r
	}
	return -1
}
