package harbortest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"strings"
)

// addition is GET …/artifacts/{a}/additions/{name}: the history of an image, or
// the files of a chart. What a chart does not have is 200 and empty.
func (h *Harbor) addition(w http.ResponseWriter, c *call) {
	h.mu.RLock()
	a, problem := h.artifactOf(c, "artifact-addition:read")
	var raw []byte
	var names []string
	if problem == nil {
		raw, names = a.manifest(a.in), a.content.additions
	}
	h.mu.RUnlock()
	if problem != nil {
		problem.write(w)
		return
	}
	name := c.vars[3]
	if !has(names, name) {
		badRequest("addition %s isn't supported for this artifact", name).write(w)
		return
	}
	var m manifest
	_ = json.Unmarshal(raw, &m) // it was read when it was pushed
	config, layer := h.blobOf(m.Config), []byte(nil)
	if len(m.Layers) > 0 {
		layer = h.blobOf(m.Layers[0])
	}
	switch name {
	case "build_history":
		writeAddition(w, jsonCharsetType, historyOf(config))
	case "dependencies":
		writeAddition(w, jsonCharsetType, memberOf(config, "dependencies"))
	case "readme.md":
		writeAddition(w, "text/markdown; charset=utf-8", chartFile(layer, "README.md"))
	default:
		writeAddition(w, "text/plain; charset=utf-8", chartFile(layer, name))
	}
}

func has(names []string, name string) bool {
	for _, n := range names {
		if n == name {
			return true
		}
	}
	return false
}

func writeAddition(w http.ResponseWriter, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	_, _ = w.Write(body) // a client that left is no concern of the stand-in
}

func (h *Harbor) blobOf(d manifestDescriptor) []byte {
	parsed, _ := parseDigest(d.Digest)
	content, _ := h.blobs.get(parsed)
	return content
}

// historyOf gives the history of an image's config, with the keys in Harbor's order.
func historyOf(config []byte) []byte {
	var read struct {
		History []struct {
			Created    string `json:"created,omitempty"`
			CreatedBy  string `json:"created_by,omitempty"`
			Author     string `json:"author,omitempty"`
			Comment    string `json:"comment,omitempty"`
			EmptyLayer bool   `json:"empty_layer,omitempty"`
		} `json:"history"`
	}
	if json.Unmarshal(config, &read) != nil {
		return []byte("null")
	}
	text, _ := json.Marshal(read.History) // it was JSON before
	return text
}

// memberOf gives a member of an object; null if it is not there.
func memberOf(object []byte, key string) []byte {
	var all map[string]json.RawMessage
	if json.Unmarshal(object, &all) != nil || all[key] == nil {
		return []byte("null")
	}
	return all[key]
}

// chartFile gives a file of a chart's archive; nil if it is not there. It reads
// as much as a blob may hold and no more.
func chartFile(archive []byte, name string) []byte {
	unzipped, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		return nil
	}
	files := tar.NewReader(io.LimitReader(unzipped, blobLimit))
	for {
		header, err := files.Next()
		if err != nil {
			return nil
		}
		if _, rest, ok := strings.Cut(header.Name, "/"); ok && rest == name {
			content, _ := io.ReadAll(files) // an archive cut short has no such file
			return content
		}
	}
}
