package names_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// jobsAPI is how jobs-api turns a spelling into an image, restated from its
// description and from nothing else: it shares no code with the package.
type jobsAPI struct {
	catalog []entry             // in the order of the file
	tagged  map[string][]tagged // by project, in the order in which Harbor lists them
}

// entry is an image of the catalog.
type entry struct {
	name            string
	host, path, tag string
	aliases         []string
}

// tagged is an image of a project.
type tagged struct{ repository, tag, digest string }

// jobsImage is what jobs-api makes of a spelling.
type jobsImage struct {
	exists                 bool
	short, host, path, tag string
	digest                 string
	anyOf                  []string // short names of all that match, where the first hit is chance
	project, kind          string
}

// readFile reads a catalog's file as jobs-api does, in the file's order. An entry
// without the flat image has its jobs-framework variant.
func readFile(t testing.TB, text []byte) []entry {
	t.Helper()
	var document yaml.Node
	require.NoError(t, yaml.Unmarshal(text, &document))
	root := document.Content[0]
	var out []entry
	for i := 0; i < len(root.Content); i += 2 {
		var fields struct {
			Image    string
			Aliases  []string
			Variants map[string]struct{ Image string }
		}
		require.NoError(t, root.Content[i+1].Decode(&fields))
		image := fields.Image
		if image == "" {
			image = fields.Variants["jobs-framework"].Image
		}
		e := entry{name: root.Content[i].Value, aliases: fields.Aliases, tag: "latest"}
		var rest string
		e.host, rest, _ = strings.Cut(image, "/")
		e.path = rest
		if path, tag, found := strings.Cut(rest, ":"); found {
			e.path, e.tag = path, tag
		}
		out = append(out, e)
	}
	return out
}

// resolve cuts the digest, the host, the project and the tag, in this order,
// and looks the image up.
func (j *jobsAPI) resolve(spelling string) jobsImage {
	i := jobsImage{kind: "standard"}
	text := spelling
	if before, after, found := strings.Cut(text, "@"); found {
		text, i.digest = before, after
	}
	if segments := strings.Split(text, "/"); len(segments) > 1 && strings.Contains(segments[0], ".") {
		i.host, text = segments[0], strings.Join(segments[1:], "/")
	}
	if strings.HasPrefix(text, "tool-") && strings.Contains(text, "/") {
		i.project, text, _ = strings.Cut(text, "/")
		i.kind = "buildservice"
	}
	name := text
	if at := strings.LastIndex(text, ":"); at >= 0 {
		name, i.tag = text[:at], text[at+1:]
	}
	i.path = name
	if i.project != "" {
		i.path = i.project + "/" + name
	}
	switch {
	case i.project != "":
		j.inProject(&i, name)
	case i.digest == "":
		j.inCatalog(&i, name)
	}
	if !i.exists {
		i.short = i.path
		if i.tag != "" {
			i.short += ":" + i.tag
		}
		if i.digest != "" {
			i.short += "@" + i.digest
		}
	}
	return i
}

// inProject filters the tagged images of a project by what was given.
func (j *jobsAPI) inProject(i *jobsImage, name string) {
	for _, candidate := range j.tagged[i.project] {
		if i.host != "" && i.host != harborHost ||
			name != "" && candidate.repository != i.project+"/"+name ||
			i.tag != "" && candidate.tag != i.tag || i.digest != "" && candidate.digest != i.digest {
			continue
		}
		short := candidate.repository + ":" + candidate.tag
		if i.digest != "" {
			short += "@" + i.digest
		}
		i.anyOf = append(i.anyOf, short)
	}
	i.exists = len(i.anyOf) > 0
}

// inCatalog takes the first entry whose path, short name or alias it is.
func (j *jobsAPI) inCatalog(i *jobsImage, name string) {
	for _, e := range j.catalog {
		if e.path != i.path && e.name != name && !slices.Contains(e.aliases, name) {
			continue
		}
		if i.host != "" && i.host != e.host || i.tag != "" && i.tag != e.tag {
			continue
		}
		if !i.exists {
			i.exists, i.short, i.host, i.path, i.tag = true, e.name, e.host, e.path, e.tag
		}
		return
	}
}
