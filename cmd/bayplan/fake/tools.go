package fake

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/cmd/bayplan/standin"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
)

// Tool is what one tool built. A list alone is a public one's images.
type Tool struct {
	// Private projects are seen by their own tool alone.
	Private bool `json:"private,omitempty"`
	// Images are from the oldest to the newest of each repository.
	Images []Image `json:"images"`
}

// UnmarshalJSON takes a list of images, or an object.
func (t *Tool) UnmarshalJSON(text []byte) error {
	if text[0] == '[' {
		return json.Unmarshal(text, &t.Images)
	}
	type plain Tool
	if text[0] != '{' {
		return errors.New("a tool is a list of images, or an object with images and private")
	}
	return decodeStrictly(text, (*plain)(t))
}

// Image is one image that a tool built. Its name alone is one of the usual stack.
type Image struct {
	// Image is name:tag, without the project; without a tag it is "latest".
	Image string `json:"image"`
	// Stack is the buildpack stack that it says it stands on.
	Stack string `json:"stack,omitempty"`
}

// UnmarshalJSON takes a text, or an object.
func (i *Image) UnmarshalJSON(text []byte) error {
	type plain Image
	if text[0] == '"' {
		return json.Unmarshal(text, &i.Image)
	}
	if text[0] != '{' {
		return errors.New("an image is a text such as wikibugs:latest, or an object with image and stack")
	}
	return decodeStrictly(text, (*plain)(i))
}

var imageName = regexp.MustCompile(`^([a-z0-9]+(?:[._/-][a-z0-9]+)*)(?::([A-Za-z0-9_][A-Za-z0-9._-]{0,127}))?$`)

// pushed is an image with its place in Harbor.
type pushed struct {
	repository, tag, stack string
	at                     time.Time
}

// Push puts tools' images into the Harbor now, all or, where one of them has no
// good name, none. One that is there already keeps its digest.
func (f *Fake) Push(tools map[string]Tool) error {
	return f.push(tools, func(time.Time) {})
}

// push calls before with the time that an image is to have.
func (f *Fake) push(tools map[string]Tool, before func(time.Time)) error {
	images, err := placed(tools)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(tools)) {
		project, _ := inventory.ProjectOf(name)
		f.Harbor.AddProject(project, harbortest.Visibility(tools[name].Private))
	}
	for _, image := range images {
		before(image.at)
		profile := harbortest.Profile{StackID: image.stack, Serial: standin.Serial(image.repository, image.tag)}
		if _, err := f.Harbor.Push(image.repository, image.tag, profile); err != nil {
			return err
		}
	}
	return nil
}

// placed gives the images in the order in which they are pushed.
func placed(tools map[string]Tool) ([]pushed, error) {
	var out []pushed
	for _, tool := range slices.Sorted(maps.Keys(tools)) {
		project, ok := inventory.ProjectOf(tool)
		if !ok {
			return nil, fmt.Errorf("tools: %q is no tool's name", tool)
		}
		age := map[string]int{}
		for _, image := range tools[tool].Images {
			parts := imageName.FindStringSubmatch(image.Image)
			if parts == nil {
				return nil, fmt.Errorf("tools: %s: %q is no image such as wikibugs:latest", tool, image.Image)
			}
			repository := project + "/" + parts[1]
			out = append(out, pushed{
				repository: repository, tag: cmp.Or(parts[2], "latest"), stack: image.Stack,
				at: created.Add(time.Duration(age[repository]) * time.Minute),
			})
			age[repository]++
		}
	}
	slices.SortStableFunc(out, func(a, b pushed) int {
		return cmp.Or(a.at.Compare(b.at), strings.Compare(a.repository, b.repository))
	})
	return out, nil
}
