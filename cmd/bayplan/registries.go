package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

type registriesContextKey struct{}

// withRegistries hands what the settings file says of registries to the
// command that runs.
func withRegistries(ctx context.Context, registries map[string]endpoint.Config) context.Context {
	return context.WithValue(ctx, registriesContextKey{}, registries)
}

// registries joins the settings file's registries with --registry HOST=URL,
// which goes before it.
func registries(ctx context.Context, rewrites []string) (map[string]endpoint.Config, error) {
	fromFile, _ := ctx.Value(registriesContextKey{}).(map[string]endpoint.Config)
	out := maps.Clone(fromFile)
	if out == nil {
		out = map[string]endpoint.Config{}
	}
	for _, rewrite := range rewrites {
		host, url, found := strings.Cut(rewrite, "=")
		if !found || host == "" || url == "" {
			return nil, fault.New(fault.Usage, "", "--registry", "%q is not HOST=URL", rewrite).
				WithHint("for example --registry registry.example=http://127.0.0.1:5000")
		}
		config := out[host]
		config.URL, config.PlainHTTP = url, false // how a URL is reached, it says itself
		out[host] = config
	}
	return out, nil
}

// ownsOf gives the prefixes of repository names that belong to the catalog, by
// host.
func ownsOf(configs map[string]endpoint.Config) map[string][]string {
	out := map[string][]string{}
	for host, config := range configs {
		if config.Owns != nil {
			out[strings.ToLower(host)] = config.Owns
		}
	}
	return out
}

// decodeRegistries reads the registries of a settings file, a map from the host
// in the catalog to how it is reached.
func decodeRegistries(text json.RawMessage) (map[string]endpoint.Config, error) {
	var hosts map[string]json.RawMessage
	if json.Unmarshal(text, &hosts) != nil {
		return nil, fmt.Errorf("%s: a map from host to settings is wanted", registriesKey)
	}
	out := make(map[string]endpoint.Config, len(hosts))
	for _, host := range slices.Sorted(maps.Keys(hosts)) {
		config, err := decodeRegistry(hosts[host])
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", registriesKey, host, err)
		}
		out[host] = config
	}
	return out, nil
}

func decodeRegistry(text json.RawMessage) (endpoint.Config, error) {
	var config endpoint.Config
	var fields map[string]json.RawMessage
	if isNull(text) || json.Unmarshal(text, &fields) != nil {
		return config, errors.New("a map of settings is wanted, for example {url: http://127.0.0.1:5000}")
	}
	known := registryFields()
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		// The decoder does not mind the case of letters; a strict file does.
		if !slices.Contains(known, name) {
			return config, noWord("setting", name, known)
		}
		if isNull(fields[name]) {
			return config, fmt.Errorf("%s: it has no value", name)
		}
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&config); err != nil {
		if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			return config, fmt.Errorf("%s: %s is wanted, not a %s", wrong.Field, typeWord(wrong.Type), wrong.Value)
		}
		return config, err
	}
	return config, nil
}

// registryFields gives the names that a registry's settings may have.
func registryFields() []string {
	var names []string
	for field := range reflect.TypeFor[endpoint.Config]().Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}

// typeWord names a type as whoever writes YAML would.
func typeWord(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a text"
	case reflect.Int:
		return "a number"
	case reflect.Slice:
		return "a list"
	case reflect.Bool:
		return "true or false"
	}
	return t.String()
}
