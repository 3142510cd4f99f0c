package harbor

import (
	"github.com/go-json-experiment/json/jsontext"
)

// Buildpack is what the labels of a buildpack image say that it stands on, by
// the buildpacks platform specification (0.12). Untried: no recording of Harbor
// has such an image. The image's maker writes these; they are hints, not proof.
type Buildpack struct {
	// Stack is the stack's id (label io.buildpacks.stack.id), for example
	// "heroku-22"; no longer written since platform API 0.12.
	Stack string
	// RunImage is the run image as it was then, most often with a digest
	// (io.buildpacks.lifecycle.metadata, runImage.reference).
	RunImage string
	// RunImageName is how the builder calls its run image, without a digest
	// (runImage.image, or stack.runImage.image before platform API 0.12).
	RunImageName string
}

// readBuildpack reads the labels of an image's config.
func readBuildpack(r *reader, b *Buildpack) {
	r.fields(func(key []byte) {
		switch string(key) {
		case "io.buildpacks.stack.id":
			keepPlain(&b.Stack, r.hint())
		case "io.buildpacks.lifecycle.metadata":
			readLifecycle(r, b)
		default:
			r.skip()
		}
	})
}

// readLifecycle reads the label that holds a whole JSON text, a few KB mostly of
// layer digests.
func readLifecycle(r *reader, b *Buildpack) {
	quoted := r.value()
	if quoted.Kind() != '"' {
		return
	}
	found := *b
	t := loose{text: quoted[1 : len(quoted)-1]}
	if readRunImage(r, &t, &found); t.odd {
		r.label = appendPlainlyEscaped(r.label[:0], quoted)
		found, t = *b, loose{text: r.label}
		readRunImage(r, &t, &found)
	}
	*b = found
}

// readRunImage reads until it knows all: what follows is of no interest.
func readRunImage(r *reader, t *loose, b *Buildpack) {
	t.fields(func(key []byte) {
		switch string(key) {
		case "runImage":
			t.fields(func(key []byte) {
				switch string(key) {
				case "reference":
					keepPlain(&b.RunImage, r.known(t.value()))
				case "image":
					keepPlain(&b.RunImageName, r.known(t.value()))
				default:
					t.value()
				}
			})
			if b.RunImage != "" && b.RunImageName != "" {
				t.stop()
			}
		case "stack":
			t.fields(func(key []byte) { readOldRunImage(r, t, string(key), b) })
		default:
			t.value()
		}
	})
}

// readOldRunImage reads stack.runImage.image. The newer place counts more,
// whichever of them comes first.
func readOldRunImage(r *reader, t *loose, key string, b *Buildpack) {
	if key != "runImage" {
		t.value()
		return
	}
	t.fields(func(key []byte) {
		if v := t.value(); string(key) == "image" && b.RunImageName == "" {
			keepPlain(&b.RunImageName, r.known(v))
		}
	})
}

func keepPlain(p *string, s string) {
	if plainWord(s) {
		*p = s
	}
}

// appendPlainlyEscaped appends the text of a well-formed JSON string as [loose]
// reads it. Few labels need it: quotes and backslashes are nearly all that is
// escaped in one that holds JSON.
func appendPlainlyEscaped(dst []byte, quoted jsontext.Value) []byte {
	text, _ := jsontext.AppendUnquote(nil, quoted) // it is well-formed
	for _, b := range text {
		if b == '"' || b == '\\' {
			dst = append(dst, '\\')
		}
		dst = append(dst, b)
	}
	return dst
}
