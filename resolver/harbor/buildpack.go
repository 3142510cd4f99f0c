package harbor

import (
	"slices"

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
	r.label = appendUnescaped(r.label[:0], quoted)
	t := loose{text: r.label}
	t.fields(func(key []byte) {
		switch string(key) {
		case "runImage":
			t.fields(func(key []byte) {
				switch string(key) {
				case "reference":
					keepPlain(&b.RunImage, r.word(t.value()))
				case "image":
					keepPlain(&b.RunImageName, r.word(t.value()))
				default:
					t.value()
				}
			})
		case "stack":
			t.fields(func(key []byte) { readOldRunImage(r, &t, string(key), b) })
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
			keepPlain(&b.RunImageName, r.word(v))
		}
	})
}

func keepPlain(p *string, s string) {
	if plainWord(s) {
		*p = s
	}
}

// appendUnescaped appends the text of a well-formed JSON string. Quotes and
// backslashes are nearly all that is escaped in a label that holds JSON, and they
// stand so close together that byte by byte is fastest.
func appendUnescaped(dst []byte, quoted jsontext.Value) []byte {
	text := quoted[1 : len(quoted)-1]
	dst = slices.Grow(dst, len(text))
	out, n := dst[len(dst):cap(dst)], 0
	for i := 0; i < len(text); i++ {
		b := text[i]
		if b == '\\' {
			i++
			if b = text[i]; b != '"' && b != '\\' && b != '/' {
				all, _ := jsontext.AppendUnquote(dst, quoted)
				return all
			}
		}
		out[n] = b
		n++
	}
	return dst[:len(dst)+n]
}
