// Package legacy finds the legacy document, which today's consumers read, in
// what people have of it: the text itself, the ConfigMap that holds it as
// kubectl prints it (YAML or JSON, alone or in a list), or all manifests of a
// release as `helm template` and `helm get manifest` print them.
//
// It only finds it. What a legacy document may hold is the business of package
// chart, to which it is given as a source; asking a cluster for its ConfigMap is
// that of package resolver/kubernetes.
package legacy

import (
	"fmt"
	"io"
	"io/fs"
	"os"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/archive"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/strictyaml"
)

// MaxBytes bounds what is read of a file: the manifests of a whole release. A
// single document of it has at most strictyaml.MaxBytes.
const MaxBytes = 8 << 20

// Open reads a file. Errors are those of [Read], and match fs.ErrNotExist where
// nothing is there.
func Open(path string) (*chart.Source, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		// A pipe is not opened: that would wait for whoever writes into it.
		return nil, fmt.Errorf("%s is no file", path)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // nothing was written
	return ReadFrom(file, path)
}

// ReadFrom reads to the end, but no more than [MaxBytes]. Errors are those of
// [Read], and the reader's own.
func ReadFrom(r io.Reader, path string) (*chart.Source, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err != nil {
		return nil, err
	}
	return Read(data, path)
}

// Read finds the one legacy document in a text. path is for messages and may be
// empty. Errors match archive.ErrTooLarge where a bound is met, and
// fs.ErrNotExist where manifests hold no such document; text that is not YAML at
// all gives a source whose findings say so.
func Read(data []byte, path string) (*chart.Source, error) {
	if len(data) > MaxBytes {
		return nil, tooLarge(path)
	}
	documents := split(data)
	var found []configMap
	for _, d := range documents {
		if !d.mentions(chart.LegacyKey) {
			continue
		}
		inside, err := d.configMaps()
		if err != nil {
			return nil, inFile(path, err)
		}
		found = append(found, inside...)
	}
	if len(found) > 0 {
		one, err := choose(found)
		if err != nil {
			return nil, inFile(path, err)
		}
		return chart.FromLegacy([]byte(one.text), chart.Legacy{
			Kind: "file", Path: inside(path), Version: Version(one.chartLabel),
		}), nil
	}
	if err := plain(documents); err != nil {
		return nil, inFile(path, err)
	}
	return chart.FromLegacy(data, chart.Legacy{Kind: "file", Path: path}), nil
}

func tooLarge(path string) error {
	return fmt.Errorf("%s has more than %d bytes: %w", path, MaxBytes, archive.ErrTooLarge)
}

// inside names the document that a manifest holds, as the files of an archive
// are named.
func inside(path string) string {
	if path == "" {
		return chart.LegacyKey
	}
	return path + "!" + chart.LegacyKey
}

func inFile(path string, err error) error {
	if path == "" {
		return err
	}
	return fmt.Errorf("%s: %w", path, err)
}

// choose picks the ConfigMap that is meant: the only one, or the one that has
// the catalog's name.
func choose(found []configMap) (configMap, error) {
	var named []configMap
	for _, c := range found {
		if c.name == chart.Name {
			named = append(named, c)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(named) == 1:
		return named[0], nil
	}
	return configMap{}, fmt.Errorf("%d ConfigMaps hold the key %s: keep the one that is meant", len(found), chart.LegacyKey)
}

// plain tells why documents that hold no ConfigMap are not the legacy document
// itself.
func plain(documents []document) error {
	switch {
	case len(documents) == 0:
		return fmt.Errorf("there is nothing in it: %w", fs.ErrNotExist)
	case len(documents) > 1:
		return fmt.Errorf("none of its %d documents is a ConfigMap with the key %s: %w", len(documents), chart.LegacyKey, fs.ErrNotExist)
	}
	root, _ := strictyaml.Parse(documents[0].text)
	if kind, ok := kindOf(root); ok {
		return fmt.Errorf("it is a %s, and no ConfigMap with the key %s: %w", kind, chart.LegacyKey, fs.ErrNotExist)
	}
	if _, isValues := root.Get("formatVersion").Text(); isValues {
		return fmt.Errorf("it is the values.yaml of a catalog chart: name the chart's directory")
	}
	return nil
}
