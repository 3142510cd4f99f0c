package harbor

import (
	"slices"
	"strings"
)

// readArtifact reads one artifact of a list.
func readArtifact(r *reader, a *Artifact) {
	r.object(func(key []byte) {
		switch string(key) {
		case "repository_name":
			a.Repository = r.common()
		case "digest":
			a.Digest = r.text()
		case "type":
			a.Type = r.common()
		case "media_type":
			a.MediaType = r.common()
		case "size":
			a.Size = r.count()
		case "push_time":
			a.PushTime = r.time()
		case "tags":
			r.list(func() { readTag(r, a) })
		case "extra_attrs":
			readConfig(r, a)
		case "references":
			r.list(func() { readChild(r, a) })
		case "labels":
			r.list(func() { readLabel(r, a) })
		case "accessories":
			r.list(func() { readAccessory(r, a) })
		case "scan_overview":
			a.Vulnerabilities = readVulnerabilities(r)
		default:
			r.skip()
		}
	})
	if r.err == nil && !validDigest(a.Digest) {
		r.wrong("an artifact has no digest")
	}
	slices.Sort(a.Platforms)
	a.Platforms = slices.Compact(a.Platforms)
}

func readTag(r *reader, a *Artifact) {
	var t Tag
	r.object(func(key []byte) {
		switch string(key) {
		case "name":
			t.Name = readTagName(r)
		case "push_time":
			t.PushTime = r.time()
		default:
			r.skip()
		}
	})
	if validTag(t.Name) {
		a.Tags = append(a.Tags, t)
	}
}

// readTagName keeps one copy of the name that nearly all tags have; others are
// too many to look for.
func readTagName(r *reader) string {
	const latest = `"latest"`
	v := r.quoted()
	if string(v) == latest {
		return latest[1 : len(latest)-1]
	}
	return unquoted(v)
}

// readConfig reads extra_attrs, which Harbor takes from an image's config. For
// other types it holds whatever their makers put there, so nothing in it is
// held to be of any kind.
func readConfig(r *reader, a *Artifact) {
	var os, architecture string
	r.fields(func(key []byte) {
		switch string(key) {
		case "os":
			os = r.hint()
		case "architecture":
			architecture = r.hint()
		case "config":
			r.fields(func(key []byte) {
				if string(key) == "Labels" {
					readBuildpack(r, &a.Buildpack)
				} else {
					r.skip()
				}
			})
		default:
			r.skip()
		}
	})
	a.addPlatform(r, os, architecture, "")
}

// readChild reads one reference of an index.
func readChild(r *reader, a *Artifact) {
	var os, architecture, variant string
	r.fields(func(key []byte) {
		if string(key) != "platform" {
			r.skip()
			return
		}
		r.fields(func(key []byte) {
			switch string(key) {
			case "os":
				os = r.hint()
			case "architecture":
				architecture = r.hint()
			case "variant":
				variant = r.hint()
			default:
				r.skip()
			}
		})
	})
	a.addPlatform(r, os, architecture, variant)
}

// addPlatform leaves out what is not said, and "unknown/unknown", which is how
// builders list an attestation among an index's children.
func (a *Artifact) addPlatform(r *reader, os, architecture, variant string) {
	if !plainWord(os) || !plainWord(architecture) || os == "unknown" {
		return
	}
	r.label = append(append(append(append(r.label[:0], '"'), os...), '/'), architecture...)
	if plainWord(variant) {
		r.label = append(append(r.label, '/'), variant...)
	}
	a.Platforms = append(a.Platforms, r.word(append(r.label, '"')))
}

func readLabel(r *reader, a *Artifact) {
	r.fields(func(key []byte) {
		if string(key) != "name" {
			r.skip()
		} else if name := r.hint(); name != "" {
			a.Labels = append(a.Labels, name)
		}
	})
}

// readAccessory looks for signatures: "signature.cosign" was recorded,
// "signature.notation" is Harbor's word for the other kind.
func readAccessory(r *reader, a *Artifact) {
	r.fields(func(key []byte) {
		if string(key) == "type" {
			a.Signed = strings.HasPrefix(r.hint(), "signature.") || a.Signed
		} else {
			r.skip()
		}
	})
}

// plainWord tells a short word without blanks, control characters or anything
// that JSON escapes: what somebody's image says of itself may be anything.
func plainWord(s string) bool {
	if s == "" || len(s) > 255 {
		return false
	}
	for i := range len(s) {
		if b := s[i]; b <= ' ' || b > '~' || b == '"' || b == '\\' {
			return false
		}
	}
	return true
}
