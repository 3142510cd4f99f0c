package harbortest

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/google/go-containerregistry/pkg/v1/types"
)

// A synthetic artifact has no manifest of its own in memory: it is written when
// somebody asks, from the name of its repository and its serial number, over a
// config and a layer that many share. So its digest is real, it can be pulled,
// and 100,000 of them cost little.

// manifest gives the manifest of an artifact in its repository.
func (a *artifact) manifest(r *repository) []byte {
	if a.serial == 0 {
		return a.rare.manifest
	}
	return syntheticManifest(r.name, a.serial, a.content)
}

func syntheticManifest(repository string, serial uint32, c *content) []byte {
	j := jsonBuf{make([]byte, 0, manifestRoom)}
	j.open('{').key("schemaVersion").int(2).key("mediaType").str(c.manifestMediaType)
	j.key("config").descriptor(c.mediaType, c.config)
	j.key("layers").open('[').descriptor(string(types.DockerLayer), c.layer).close(']')
	j.key("annotations").open('{').key("stand-in").str(repository + "#" + strconv.FormatUint(uint64(serial), 10))
	return j.close('}').close('}').b
}

// manifestRoom is what a synthetic manifest has room in.
const manifestRoom = 768

func (j *jsonBuf) descriptor(mediaType string, d descriptor) *jsonBuf {
	j.open('{').key("mediaType").str(mediaType).key("size").int(d.size).key("digest").digest(d.digest)
	return j.close('}')
}

// syntheticArtifact makes the artifact of a serial number.
func syntheticArtifact(repository string, serial uint32, c *content) *artifact {
	raw := syntheticManifest(repository, serial, c)
	return &artifact{
		digest: digestOf(raw), size: int64(len(raw)) + c.config.size + c.layer.size, content: c, serial: serial,
	}
}

// Profile is what synthetic images are made of. The zero value is an image of
// the buildpacks of Toolforge with an API row of about 5 KB, as real ones have.
type Profile struct {
	// StackID is the label io.buildpacks.stack.id; "heroku-24" if empty, none if "-".
	StackID string
	// RunImage is the run image in io.buildpacks.lifecycle.metadata.
	RunImage string
	// Architecture is "amd64" if empty.
	Architecture string
	// RowBytes is about how long the artifact's row in a list is to be; 5,000 if
	// zero. Rows are at least some 1,500 bytes long.
	RowBytes int
	// Labels are added to those of the buildpacks.
	Labels map[string]string
	// Serial makes [Harbor.Push] push the image of this number, which is the same
	// each time; 0 takes a number that no other image has.
	Serial uint32
}

const (
	defaultStack    = "heroku-24"
	defaultRunImage = "docker.io/heroku/heroku:24"
	defaultRowBytes = 5000
	// rowOverhead is about what a row has besides its labels.
	rowOverhead = 1300
)

// BuildpackLabels gives the labels that the lifecycle puts on an image: the
// stack, and metadata with the run image and the layers of some buildpacks,
// filled up to about size bytes. Their form follows the buildpacks platform
// specification; no recording of Harbor has them.
func BuildpackLabels(stackID, runImage string, size int) map[string]string {
	type layer struct {
		SHA    string `json:"sha"`
		Launch bool   `json:"launch"`
	}
	type buildpack struct {
		Key     string           `json:"key"`
		Version string           `json:"version"`
		Layers  map[string]layer `json:"layers"`
	}
	metadata := map[string]any{
		"runImage": map[string]string{"topLayer": digestOf([]byte(runImage)).String(), "reference": runImage},
		"stack":    map[string]any{"runImage": map[string]string{"image": runImage}},
	}
	var packs []buildpack
	const each = 170 // bytes of one buildpack below, about
	for i := range max(1, size/each) {
		packs = append(packs, buildpack{
			Key: fmt.Sprintf("heroku/part-%02d", i), Version: "1.2.3",
			Layers: map[string]layer{"dependencies": {SHA: digestOf(fmt.Append(nil, i)).String(), Launch: true}},
		})
	}
	metadata["buildpacks"] = packs
	text, _ := json.Marshal(metadata) // maps and strings always encode
	labels := map[string]string{
		"io.buildpacks.lifecycle.metadata": string(text),
		"io.buildpacks.project.metadata":   "{}",
	}
	if stackID != "" {
		labels["io.buildpacks.stack.id"] = stackID
	}
	return labels
}

// profileKey is a profile without labels of its own, which is the usual one.
type profileKey struct {
	stack, runImage, architecture string
	rowBytes                      int
}

// profile gives what the images of a profile share, and makes its blobs the
// first time.
func (h *Harbor) profile(p Profile) *content {
	key := profileKey{p.StackID, p.RunImage, p.Architecture, p.RowBytes}
	if len(p.Labels) > 0 {
		return h.makeProfile(p)
	}
	if known, ok := h.profiles.Load(key); ok {
		return known.(*content)
	}
	made, _ := h.profiles.LoadOrStore(key, h.makeProfile(p))
	return made.(*content)
}

func (h *Harbor) makeProfile(p Profile) *content {
	if p.StackID == "" {
		p.StackID = defaultStack
	}
	if p.RunImage == "" {
		p.RunImage = defaultRunImage
	}
	if p.Architecture == "" {
		p.Architecture = "amd64"
	}
	if p.RowBytes == 0 {
		p.RowBytes = defaultRowBytes
	}
	labels := BuildpackLabels(strings.TrimPrefix(p.StackID, "-"), p.RunImage, p.RowBytes-rowOverhead)
	for key, value := range p.Labels {
		labels[key] = value
	}
	config, _ := json.Marshal(map[string]any{ // maps and strings always encode
		"architecture": p.Architecture, "os": "linux", "created": "1980-01-01T00:00:01Z",
		"config": map[string]any{
			"Cmd": []string{"/cnb/process/web"}, "Entrypoint": []string{"/cnb/process/web"}, "User": "heroku", "WorkingDir": "/workspace",
			"Env":    []string{"PATH=/cnb/process:/cnb/lifecycle:/usr/bin:/bin", "CNB_LAYERS_DIR=/layers", "CNB_APP_DIR=/workspace"},
			"Labels": labels,
		},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{digestOf(emptyLayer).String()}},
	})
	m := manifest{MediaType: string(types.DockerManifestSchema2)}
	m.Config.MediaType = string(types.DockerConfigJSON)
	c := contentOf(m, config)
	c.config, c.layer = h.blobs.add(config), h.blobs.add(emptyLayerZipped())
	return c
}
