package main

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// level is how near to the user a setting was given; nearer goes before.
type level int

const (
	fromFlag level = iota
	fromVariable
	fromFile
)

// setting is a value of a flag that was given somewhere.
type setting struct {
	level  level
	values []string
	place  string // for messages; empty on the command line
}

// displaces tells which flags, given farther away, mean nothing beside another
// one: who names a catalog does not ask the server of the settings file.
var displaces = map[string][]string{
	"demo":    {"catalog", "constraint", "prereleases"},
	"catalog": {"demo", "server", "constraint", "prereleases"},
	"server":  {"catalog", "constraint", "prereleases"},
}

// applySettings fills every flag that was not given from the environment, else
// from the settings file. What is left has its default. Errors are of kind
// fault.Usage.
func applySettings(cmd *cobra.Command, lookup func(string) (string, bool)) error {
	path, _ := cmd.Flags().GetString("config")
	if path == "" {
		path, _ = lookup(envName("config"))
	}
	file, err := readSettings(path, cmd.Root())
	if err != nil {
		return fault.Wrap(fault.Usage, "read settings", path, err)
	}
	given := gather(cmd, lookup, file)
	displace(given)
	var failed error
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if s, ok := given[f.Name]; ok && s.level != fromFlag && failed == nil {
			failed = s.set(cmd, f)
		}
	})
	if failed != nil {
		return failed
	}
	cmd.SetContext(withRegistries(cmd.Context(), file.registries))
	return nil
}

// gather finds where each flag of a command was given first.
func gather(cmd *cobra.Command, lookup func(string) (string, bool), file settingsFile) map[string]setting {
	given := map[string]setting{}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Name == "help" || f.Name == "config" || isLocal(f) {
			return
		}
		variable := envName(f.Name)
		// An empty variable is how deployments write one that is not set.
		if value, _ := lookup(variable); f.Changed {
			given[f.Name] = setting{level: fromFlag, values: []string{f.Value.String()}}
		} else if value != "" {
			given[f.Name] = setting{level: fromVariable, values: splitFor(f, value), place: variable}
		} else if values, ok := file.values[f.Name]; ok {
			given[f.Name] = setting{level: fromFile, values: values, place: file.path + ": " + keyName(f.Name)}
		}
	})
	return given
}

// displace drops what means nothing beside a setting that was given nearer.
// One settings file serves all commands, so that a catalog in it (for serve)
// and a server (for list) do not contradict each other: the server is asked.
func displace(given map[string]setting) {
	for _, name := range []string{"demo", "catalog", "server"} {
		winner, ok := given[name]
		if !ok || name == "demo" && winner.values[0] != "true" {
			continue
		}
		for _, other := range displaces[name] {
			s, ok := given[other]
			if !ok {
				continue
			}
			same := name == "server" && s.level == winner.level && s.level != fromFlag
			if s.level > winner.level || same {
				delete(given, other)
			}
		}
	}
}

func (s setting) set(cmd *cobra.Command, f *pflag.Flag) error {
	for _, value := range s.values {
		if err := cmd.Flags().Set(f.Name, value); err != nil {
			return notTaken(s.place, f, value, err)
		}
	}
	return nil
}

// notTaken says that a flag does not take a value, where that was given.
func notTaken(place string, f *pflag.Flag, value string, err error) error {
	reason := err
	if invalid, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		reason = invalid.Unwrap()
	}
	if f.Value.Type() == "int" {
		reason = errors.New("a whole number is wanted")
	}
	e := fault.New(fault.Usage, "", "", "%s cannot be %q: %s", place, value, strings.TrimPrefix(reason.Error(), "time: "))
	if f.Value.Type() == "duration" {
		return e.WithHint("a duration is written 2s, 1m30s or 500ms")
	}
	return e
}

// splitFor gives the values of a variable: a flag that may be repeated has them
// separated by white space.
func splitFor(f *pflag.Flag, value string) []string {
	if repeatable(f) {
		return strings.Fields(value)
	}
	return []string{value}
}

func repeatable(f *pflag.Flag) bool { return f.Value.Type() == "stringArray" }

// envName is the variable of a flag: log-level is BAYPLAN_LOG_LEVEL.
func envName(flag string) string {
	return "BAYPLAN_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// keyName is the key of a flag in a settings file: log-level is logLevel.
func keyName(flag string) string {
	words := strings.Split(flag, "-")
	for i, word := range words[1:] {
		words[i+1] = strings.ToUpper(word[:1]) + word[1:]
	}
	return strings.Join(words, "")
}
