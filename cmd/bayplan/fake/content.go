package fake

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/nearest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/cmd/bayplan/standin"
)

// DefaultHarbor is how pods call Toolforge's Harbor.
const DefaultHarbor = "tools-harbor.wmcloud.org"

// maxContent bounds a file of images, in bytes.
const maxContent = 2 << 20

// Content is what a platform holds besides its catalog.
type Content struct {
	// Harbor is the host of the images that tools built; "" is [DefaultHarbor].
	Harbor string `json:"harbor,omitempty"`
	// Missing are short names of the catalog whose images the registries lack.
	Missing []string `json:"missing,omitempty"`
	// Tools are what tools built, by the tool's name.
	Tools map[string]Tool `json:"tools,omitempty"`
}

// ReadContent reads a file of images. A key that is not known is an error.
func ReadContent(path string) (Content, error) {
	text, err := readFile(path, maxContent)
	if err != nil {
		return Content{}, err
	}
	c, err := decodeContent(text)
	if err != nil {
		return Content{}, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

func decodeContent(text []byte) (c Content, err error) {
	asJSON, err := yaml.YAMLToJSONStrict(text)
	if err != nil {
		return c, err
	}
	err = decodeStrictly(asJSON, &c)
	return c, err
}

// decodeStrictly refuses keys that are not known.
func decodeStrictly(text []byte, out any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(out); err != nil {
		return errors.New(strings.TrimPrefix(err.Error(), "json: ")) // they wrote YAML
	}
	return nil
}

// with adds what another file says.
func (c Content) with(more Content) (Content, error) {
	if c.Harbor != "" && more.Harbor != "" && c.Harbor != more.Harbor {
		return c, fmt.Errorf("one has the Harbor %s, the other %s", c.Harbor, more.Harbor)
	}
	out := Content{
		Harbor: cmp.Or(c.Harbor, more.Harbor), Missing: slices.Concat(c.Missing, more.Missing), Tools: map[string]Tool{},
	}
	maps.Copy(out.Tools, c.Tools)
	for name, tool := range more.Tools {
		if _, twice := c.Tools[name]; twice {
			return c, fmt.Errorf("both have the tool %s", name)
		}
		out.Tools[name] = tool
	}
	return out, nil
}

func (c Content) harborHost() string { return cmp.Or(c.Harbor, DefaultHarbor) }

// without gives the repositories, with their host, that stay empty.
func (c Content) without(catalog *chart.Catalog) (map[string]bool, error) {
	out := map[string]bool{}
	for _, name := range c.Missing {
		entry := catalog.Images[name]
		if entry == nil {
			return nil, fmt.Errorf("missing: the catalog has no image %q%s", name, meant(name, slices.Sorted(maps.Keys(catalog.Images))))
		}
		standin.Repositories(out, entry, "")
	}
	return out, nil
}

// meant guesses a word that was misspelt; "" if none is near.
func meant(word string, known []string) string {
	if near := nearest.Words(word, known, 1); len(near) > 0 {
		return "; did you mean " + near[0] + "?"
	}
	return ""
}

// readFile reads a file that may not be longer than that many bytes.
func readFile(path string, most int64) (text []byte, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // nothing was written
	text, err = io.ReadAll(io.LimitReader(file, most+1))
	if err == nil && int64(len(text)) > most {
		err = fmt.Errorf("%s has more than %d bytes", path, most)
	}
	return text, err
}
