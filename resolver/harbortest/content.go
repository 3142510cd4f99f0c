package harbortest

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// The icons are those that Harbor 2.15.2 gives to its types.
const (
	iconImage   = "sha256:0048162a053eef4d4ce3fe7518615bef084403614f8bca43b40ae2e762e11e06"
	iconChart   = "sha256:61cf3a178ff0f75bf08a25d96b75cf7355dc197749a9f128ed3ef34b0df05518"
	iconWasm    = "sha256:badd7693bcaf115be202748241dd0ea6ee3b0524bfab9ac22d1e1c43721afec6"
	iconUnknown = "sha256:da834479c923584f4cbcdecc0dac61f32bef1d51e8aae598cf16bd154efab49f"
)

const (
	chartConfig = "application/vnd.cncf.helm.config.v1+json"
	wasmConfig  = "application/vnd.wasm.config.v1+json"
)

// configWord is where Harbor takes the type from for config media types that it
// does not know: the word before ".config.".
var configWord = regexp.MustCompile(`^application/vnd\.[^.]*\.(.*)\.config\.[^.+]*`)

// contentOf tells what the API says about an artifact from its manifest and config.
func contentOf(m manifest, config []byte) *content {
	c := &content{
		mediaType: m.Config.MediaType, manifestMediaType: m.MediaType,
		artifactType: m.ArtifactType, annotations: annotationsOf(m),
	}
	if c.artifactType == "" {
		c.artifactType = c.mediaType
	}
	switch c.mediaType {
	case "application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json":
		c.kind, c.icon, c.additions, c.extraAttrs = "IMAGE", iconImage, []string{"build_history"}, imageAttrs(config)
	case chartConfig:
		c.kind, c.icon, c.extraAttrs = "CHART", iconChart, anyAttrs(config)
		c.additions = []string{"dependencies", "readme.md", "values.yaml"}
	case wasmConfig:
		c.kind, c.icon, c.additions, c.extraAttrs = "WASM", iconWasm, []string{"build_history"}, wasmAttrs(m)
	default:
		c.kind, c.icon, c.extraAttrs = "UNKNOWN", iconUnknown, anyAttrs(config)
		if found := configWord.FindStringSubmatch(c.mediaType); found != nil {
			c.kind = strings.ToUpper(found[1])
		}
	}
	return c
}

func annotationsOf(m manifest) string {
	if len(m.Annotations) == 0 {
		return ""
	}
	text, _ := json.Marshal(m.Annotations) // a map of strings always encodes
	return string(text)
}

// configKeys are those of an image's config that Harbor keeps.
var configKeys = []string{
	"ArgsEscaped", "Cmd", "Entrypoint", "Env", "ExposedPorts", "Labels", "StopSignal", "User", "Volumes", "WorkingDir",
}

// imageAttrs gives the part of an image's config that Harbor shows, with zero
// values where the config has none.
func imageAttrs(config []byte) string {
	var read struct {
		Created      string                     `json:"created"`
		Author       string                     `json:"author"`
		Architecture string                     `json:"architecture"`
		OS           string                     `json:"os"`
		Config       map[string]json.RawMessage `json:"config"`
	}
	if json.Unmarshal(config, &read) != nil {
		return ""
	}
	if read.Created == "" {
		read.Created = "0001-01-01T00:00:00Z"
	}
	maps.DeleteFunc(read.Config, func(key string, value json.RawMessage) bool {
		return !slices.Contains(configKeys, key) || slices.Contains([]string{"null", `""`, "false", "{}", "[]"}, string(value))
	})
	if read.Config == nil {
		read.Config = map[string]json.RawMessage{}
	}
	text, _ := json.Marshal(map[string]any{ // it was JSON before
		"architecture": read.Architecture, "author": read.Author, "config": read.Config, "created": read.Created, "os": read.OS,
	})
	return string(text)
}

// anyAttrs gives a config as it is, unless it says nothing.
func anyAttrs(config []byte) string {
	var all map[string]any
	if json.Unmarshal(config, &all) != nil || len(all) == 0 {
		return ""
	}
	text, _ := json.Marshal(all) // it was JSON before
	return string(text)
}

func wasmAttrs(m manifest) string {
	layer := ""
	if len(m.Layers) > 0 {
		layer = m.Layers[0].MediaType
	}
	text, _ := json.Marshal(map[string]string{ // a map of strings always encodes
		"manifest.config.mediaType": m.Config.MediaType, "manifest.layers.mediaType": layer,
		"org.opencontainers.image.title": m.Annotations["org.opencontainers.image.title"],
	})
	return string(text)
}
