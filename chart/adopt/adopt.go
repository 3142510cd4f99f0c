// Package adopt makes a catalog chart of what a platform has deployed: the
// legacy document becomes values.yaml, and whatever else the release holds
// becomes templates that render to the same.
//
// The text of the document is kept, its comments and order too, wherever that
// means the same in values.yaml; what the new chart says is compared with what
// the document said before anything is handed out. Finding the document in files
// is package legacy's business, writing files a command's.
package adopt

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"reflect"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/legacy"
)

// Options say what the new chart is called. The zero value works.
type Options struct {
	// Version is the chart's; "" means 0.0.0, which is numbered when it is
	// published.
	Version string
	// From names the place that it is made from, for a comment.
	From string
}

// Files makes the files of a chart, by their names below its folder. An invalid
// document gives a [chart.InvalidError], whose findings have the lines of the
// document.
func Files(document *chart.Source, others []legacy.Object, opts Options) (map[string][]byte, error) {
	before, err := document.Load()
	if err != nil {
		return nil, err
	}
	if opts.Version == "" {
		opts.Version = "0.0.0"
	}
	files, err := shippedFiles()
	if err != nil {
		return nil, err
	}
	files["Chart.yaml"] = chartYAML(before.Metadata.Version, opts)
	if files["values.yaml"], err = valuesYAML(document, before, opts); err != nil {
		return nil, err
	}
	for i, object := range others {
		name := fmt.Sprintf("templates/%02d-%s.yaml", i+1, fileName(object))
		files[name] = []byte(escape(object.Text))
	}
	return files, nil
}

// shippedFiles are those of the chart that ships with Bayplan which say nothing
// of images.
func shippedFiles() (map[string][]byte, error) {
	files := map[string][]byte{}
	root := chart.BundledFS()
	for _, name := range []string{".helmignore", "values.schema.json", "templates/configmap.yaml", "templates/NOTES.txt"} {
		text, err := fs.ReadFile(root, name)
		if err != nil {
			return nil, fmt.Errorf("read the bundled chart: %w", err)
		}
		files[name] = text
	}
	return files, nil
}

func chartYAML(deployed string, opts Options) []byte {
	var out bytes.Buffer
	fmt.Fprintf(&out, "apiVersion: v2\nname: %s\n", chart.Name)
	out.WriteString("description: The catalog of the platform's container images.\ntype: application\n")
	if deployed != "" {
		fmt.Fprintf(&out, "# What it was made from had version %s.\n", oneLine(deployed))
	}
	if opts.Version == "0.0.0" {
		out.WriteString("# It is numbered when it is published: bayplan publish --version.\n")
	}
	fmt.Fprintf(&out, "version: %s\n", opts.Version)
	return out.Bytes()
}

// valuesYAML makes values.yaml of the document's own text, or if that would mean
// something else of what it says.
func valuesYAML(document *chart.Source, before *chart.Chart, opts Options) ([]byte, error) {
	head := "# yaml-language-server: $schema=values.schema.json\n"
	if opts.From != "" {
		head += "# Made from " + oneLine(opts.From) + ".\n"
	}
	head += fmt.Sprintf("formatVersion: \"%d.%d\"\n\nimages:\n", chart.FormatMajor, chart.FormatMinor)
	for _, text := range [][]byte{document.Values(), before.Catalog.LegacyYAML()} {
		values := append([]byte(head), indented(text)...)
		if says(values, before.Catalog) {
			return values, nil
		}
	}
	return nil, errors.New("the document cannot be written as values.yaml without changing what it says")
}

// says tells whether values mean a catalog.
func says(values []byte, catalog *chart.Catalog) bool {
	loaded, err := chart.FromValues(values).Load()
	return err == nil && reflect.DeepEqual(loaded.Catalog.Images, catalog.Images)
}

// indented moves a document below a key: without what divides documents, and
// with the line breaks of everybody.
func indented(text []byte) []byte {
	var out bytes.Buffer
	for line := range bytes.Lines(text) {
		line = bytes.TrimRight(line, "\r\n")
		switch {
		case bytes.Equal(bytes.TrimRight(line, " \t"), []byte("---")), bytes.Equal(line, []byte("...")):
			continue
		case len(line) > 0:
			out.WriteString("  ")
			out.Write(line)
		}
		out.WriteByte('\n')
	}
	return append(bytes.TrimRight(out.Bytes(), "\n"), '\n')
}

// escape keeps Helm from reading templates into a text.
func escape(text string) string { return strings.ReplaceAll(text, "{{", `{{ "{{" }}`) }

// fileName names the file of an object after what it is.
func fileName(o legacy.Object) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '-':
			return r
		}
		return '-'
	}, strings.ToLower(o.Kind+"-"+o.Name))
	const enough = 80
	return name[:min(len(name), enough)]
}

// oneLine keeps a text within its comment.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029 {
			return ' '
		}
		return r
	}, text)
}
