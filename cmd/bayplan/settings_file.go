package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"sigs.k8s.io/yaml"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/nearest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
)

// maxSettings bounds the settings file, in bytes.
const maxSettings = 1 << 20

// registriesKey is the one key of the settings file that is no flag: how each
// registry host is reached.
const registriesKey = "registries"

// settingsFile is a settings file: values by the name of their flag.
type settingsFile struct {
	path       string
	values     map[string][]string
	registries map[string]endpoint.Config
}

// readSettings reads a settings file strictly, what it says for other commands
// included: one file serves them all. No path is an empty file.
func readSettings(path string, root *cobra.Command) (settingsFile, error) {
	out := settingsFile{path: path, values: map[string][]string{}}
	if path == "" {
		return out, nil
	}
	keys, err := readKeys(path)
	if err != nil {
		return out, err
	}
	flags := settableFlags(root)
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if key == registriesKey {
			if out.registries, err = decodeRegistries(keys[key]); err != nil {
				return out, err
			}
			continue
		}
		flag, known := flags[key]
		if !known {
			return out, noWord("setting", key, append(slices.Sorted(maps.Keys(flags)), registriesKey))
		}
		if out.values[flag.Name], err = settingValues(keys[key], flag); err != nil {
			return out, fmt.Errorf("%s: %w", key, err)
		}
	}
	return out, nil
}

// readKeys gives the file's keys with their values as JSON.
func readKeys(path string) (map[string]json.RawMessage, error) {
	text, err := readFile(path)
	if err != nil {
		return nil, withoutPath(err)
	}
	asJSON, err := yaml.YAMLToJSONStrict(text)
	if err != nil {
		return nil, err
	}
	var keys map[string]json.RawMessage
	if json.Unmarshal(asJSON, &keys) != nil {
		return nil, errors.New("the file must hold a map of settings")
	}
	return keys, nil
}

func readFile(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // nothing was written
	text, err := io.ReadAll(io.LimitReader(file, maxSettings+1))
	if err == nil && len(text) > maxSettings {
		err = fmt.Errorf("the file has more than %d bytes", maxSettings)
	}
	return text, err
}

// settableFlags maps the keys of a settings file to the flags of all commands.
func settableFlags(root *cobra.Command) map[string]*pflag.Flag {
	out := map[string]*pflag.Flag{}
	for _, cmd := range root.Commands() {
		cmd.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) {
			if f.Name != "help" && f.Name != "config" && !isLocal(f) {
				out[keyName(f.Name)] = f
			}
		})
	}
	return out
}

// settingValues gives the values of a flag. They are of the flag's own type, so
// that nothing is guessed: 1.10 is no text, and a list is no word.
func settingValues(text json.RawMessage, f *pflag.Flag) ([]string, error) {
	if repeatable(f) {
		var list []string
		if isNull(text) || json.Unmarshal(text, &list) != nil {
			return nil, errors.New("a list of texts is wanted")
		}
		return list, nil
	}
	if f.Value.Type() == "bool" {
		var yes bool
		if isNull(text) || json.Unmarshal(text, &yes) != nil {
			return nil, errors.New("true or false is wanted")
		}
		return []string{fmt.Sprint(yes)}, nil
	}
	if f.Value.Type() == "int" {
		var number int
		if isNull(text) || json.Unmarshal(text, &number) != nil {
			return nil, errors.New("a whole number is wanted")
		}
		return []string{strconv.Itoa(number)}, nil
	}
	var word string
	if isNull(text) || json.Unmarshal(text, &word) != nil {
		if f.Value.Type() == "duration" {
			return nil, errors.New("a duration is wanted, for example 2s or 1m30s")
		}
		return nil, errors.New("a text is wanted: if it looks like something else, put it in quotes")
	}
	return []string{word}, checkWord(word, f)
}

// checkWord tells whether a flag takes a word, without setting it: it may be
// another command's.
func checkWord(word string, f *pflag.Flag) error {
	if c, ok := f.Value.(*choice); ok {
		trial := *c
		return trial.Set(word)
	}
	if f.Value.Type() != "duration" {
		return nil
	}
	if _, err := time.ParseDuration(word); err != nil {
		return errors.New("a duration is wanted, for example 2s or 1m30s")
	}
	return nil
}

func isNull(text json.RawMessage) bool { return string(text) == "null" }

// noWord says that a word is none of those that are known.
func noWord(what, word string, known []string) error {
	if near := nearest.Words(word, known, 1); len(near) > 0 {
		return fmt.Errorf("there is no %s %s: did you mean %s?", what, word, near[0])
	}
	return fmt.Errorf("there is no %s %s: known are %s", what, word, strings.Join(known, ", "))
}

// withoutPath cuts the operation and the path off an error of a file; the
// message around it has them.
func withoutPath(err error) error {
	if e, ok := errors.AsType[*os.PathError](err); ok {
		return e.Err
	}
	return err
}
