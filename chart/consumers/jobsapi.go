package consumers

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
)

// readJobsAPI reads as jobs-api does since 2026-05.
func readJobsAPI(d Document) Reading {
	return jobsAPI(d, func(fields map[string]any) (string, string, *Failure) {
		image, isText := fields["image"].(string)
		if !isText || image == "" {
			return "", "it has no image of its own", nil
		}
		return image, "", nil
	})
}

// readOldJobsAPI reads as jobs-api did before.
func readOldJobsAPI(d Document) Reading {
	return jobsAPI(d, func(fields map[string]any) (string, string, *Failure) {
		variants, isMap := fields["variants"].(map[string]any)
		if !isMap {
			return "", "", &Failure{Error: keyError, Message: "it has no variants"}
		}
		variant, _ := variants[chart.VariantJobs].(map[string]any)
		image, isText := variant["image"].(string)
		if !isText || image == "" {
			return "", "it has no image in a variant " + chart.VariantJobs, nil
		}
		return image, "", nil
	})
}

// jobsImage finds the reference of an entry: or why it is passed over, or what
// stops the whole.
type jobsImage func(fields map[string]any) (image, skip string, stop *Failure)

// everyJob is who feels it when jobs-api cannot read the catalog.
const everyJob = "no image is listed, and no job of any tool can be created or changed"

func jobsAPI(d Document, find jobsImage) Reading {
	if d.broken != "" {
		return failed(valueError, "", "%s: %s", d.broken, everyJob)
	}
	r := Reading{Images: []Image{}, Skipped: []Skipped{}}
	var records []record
	for _, e := range d.entries {
		fields, isMap := e.value.(map[string]any)
		if !isMap || len(fields) == 0 {
			r.Skipped = append(r.Skipped, Skipped{e.name, "it is empty, or no map"})
			continue
		}
		image, skip, stop := find(fields)
		switch {
		case stop != nil:
			return failed(stop.Error, e.name, "%s: %s: %s", e.name, stop.Message, everyJob)
		case skip != "":
			r.Skipped = append(r.Skipped, Skipped{e.name, skip})
			continue
		}
		state, found := fields["state"]
		if !found {
			return failed(keyError, e.name, "%s has no state: %s", e.name, everyJob)
		}
		aliases, ok := texts(fields["aliases"])
		if !ok {
			return failed(typeError, e.name, "the aliases of %s are no list: %s", e.name, everyJob)
		}
		host, rest, hasHost := strings.Cut(image, "/")
		if !hasHost {
			return failed(valueError, e.name, "the image of %s, %q, has no slash: %s", e.name, image, everyJob)
		}
		records = append(records, newRecord(e.name, fmt.Sprint(state), aliases, host, rest))
	}
	if len(records) == 0 {
		out := failed(valueError, "", "no entry is usable: %s", everyJob)
		out.Skipped = r.Skipped
		return out
	}
	r.Loads = true
	r.Images = shelve(records)
	return r
}

// record is an entry as jobs-api keeps it.
type record struct {
	name, state, host, path, tag string
	aliases                      []string
	digest                       bool // a digest was written, which is not read
}

// newRecord cuts a reference as jobs-api does: the tag off at the first colon,
// then a digest off the path, where it is not any more if there was a tag.
func newRecord(name, state string, aliases []string, host, rest string) record {
	path, tag, hasTag := strings.Cut(rest, ":")
	if !hasTag {
		tag = "latest"
	}
	path, _, _ = strings.Cut(path, "@")
	return record{name: name, state: state, host: host, path: path, tag: tag, aliases: aliases, digest: strings.Contains(rest, "@")}
}

// shelve gives the images in the order of the list, each with the spellings that
// lead to it: where two have the same one, the first in the document.
func shelve(records []record) []Image {
	first := map[string]int{}
	for i, r := range records {
		for _, word := range r.words() {
			if _, taken := first[word]; !taken {
				first[word] = i
			}
		}
	}
	images := make([]Image, len(records))
	for i, r := range records {
		images[i] = Image{ShortName: r.name, State: r.state, Image: r.host + "/" + r.path + ":" + r.tag, Listed: r.state == chart.StateStable, Spellings: []string{}}
		for _, word := range r.words() {
			if first[word] == i && !slices.Contains(images[i].Spellings, word) && typed(word) {
				images[i].Spellings = append(images[i].Spellings, word)
			}
		}
		if r.digest {
			images[i].Problem = "the digest is taken for a part of the tag"
		}
	}
	slices.SortStableFunc(images, func(a, b Image) int { return cmp.Compare(a.ShortName, b.ShortName) })
	return images
}

// words are the spellings without host and tag that mean the record.
func (r record) words() []string { return append(append([]string{r.name}, r.aliases...), r.path) }

// typed tells whether a word is still itself when jobs-api has cut it: a host,
// the project of a tool, a tag or a digest would be cut off.
func typed(word string) bool {
	first, _, several := strings.Cut(word, "/")
	return !strings.ContainsAny(word, ":@") && (!several || !strings.Contains(first, ".") && !strings.HasPrefix(word, "tool-"))
}

// texts gives the texts of a list; nothing is an empty one.
func texts(value any) ([]string, bool) {
	if value == nil {
		return nil, true
	}
	list, isList := value.([]any)
	var out []string
	for _, item := range list {
		if text, isText := item.(string); isText {
			out = append(out, text)
		}
	}
	return out, isList
}
