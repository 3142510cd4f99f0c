package server

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
)

// origin is what may be told in public about where the catalog comes from: of
// a repository or a ConfigMap its name, of files the kind alone, because paths of the machine
// are nobody's business. Operators find them in the log.
type origin struct {
	word string // how it is called
	path string // what is never told; "" for what is no file
}

// isPublic tells a name that is no path.
func isPublic(name string) bool {
	return strings.HasPrefix(name, "oci://") || strings.HasPrefix(name, "configmap://")
}

// originOf finds the origin in a status, which has it first of the sources.
func originOf(status resolver.Status) origin {
	o := origin{word: "chart"}
	if status.Served != nil {
		o.word = string(status.Served.Offer.Kind)
	}
	if len(status.Sources) > 0 {
		o.path = status.Sources[0].Name
	}
	if isPublic(o.path) {
		o.word, o.path = o.path, ""
	}
	return o
}

// reason says why something failed. Findings are told by their place in the
// catalog, not by their file.
func (o origin) reason(err error) string {
	if invalid, ok := errors.AsType[*chart.InvalidError](err); ok {
		return invalidReason(invalid.Findings.Errors())
	}
	text := err.Error()
	if o.path == "" {
		return text
	}
	return withoutPath(withoutPath(text, o.path, o.word), filepath.Clean(o.path), o.word)
}

func invalidReason(findings chart.Findings) string {
	first := publicFinding(findings[0])
	if len(findings) == 1 {
		return "the catalog has 1 error: " + first
	}
	return fmt.Sprintf("the catalog has %d errors, the first: %s", len(findings), first)
}

// publicFinding tells a finding without its file.
func publicFinding(f chart.Finding) string {
	text := f.Message
	if f.Path != "" {
		text = f.Path + ": " + text
	}
	if f.Line > 0 {
		text = fmt.Sprintf("%s (line %d)", text, f.Line)
	}
	return text
}

// publicWarnings gives what is odd about the served catalog.
func publicWarnings(status resolver.Status) []string {
	public := map[string]string{}
	for _, f := range status.Served.Chart.Warnings {
		public[f.String()] = publicFinding(f)
	}
	from, out := originOf(status), make([]string, 0, len(status.Warnings))
	for _, text := range status.Warnings {
		told, ok := public[text]
		if !ok {
			told = from.reason(errors.New(text))
		}
		out = append(out, told)
	}
	return out
}

// withoutPath puts a word where a text has a path, or the beginning of one. A
// relative path may look like any word: it counts where no letters touch it.
func withoutPath(text, path, word string) string {
	var out strings.Builder
	for {
		at := strings.Index(text, path)
		if at < 0 || path == "" {
			out.WriteString(text)
			return out.String()
		}
		end := at + len(path)
		whole := filepath.IsAbs(path) || (at == 0 || !inPath(text[at-1])) && (end == len(text) || text[end] == '/' || !inPath(text[end]))
		out.WriteString(text[:at])
		if whole {
			out.WriteString(word)
		} else {
			out.WriteString(path)
		}
		text = text[end:]
	}
}

// inPath tells whether a byte next to a path makes it another, longer one.
func inPath(c byte) bool {
	return c == '/' || c == '.' || c == '-' || c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

// sourceLabel names a source in metrics, where an origin of files has no kind
// yet when it is first asked.
func sourceLabel(name, kind string) string {
	if kind == resolver.KindChart && !isPublic(name) {
		return "files"
	}
	return name
}
