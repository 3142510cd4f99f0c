package web

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"strings"
)

//go:embed templates
var templateFiles embed.FS

// base is the template around every page, which each of them completes; parts are
// those that several use.
const (
	base  = "base"
	parts = "parts"
)

// Page is a model with its template. Models embed [Frame], which has the rest.
type Page interface {
	// Template is the name of its file in templates, without .html.
	Template() string
	frame() *Frame
}

// Site holds the templates and assets. It is immutable.
type Site struct {
	templates map[string]*template.Template
	assets    assets
}

// New reads templates and assets, which are part of the program.
func New() (*Site, error) {
	a, err := readAssets()
	if err != nil {
		return nil, err
	}
	s := &Site{templates: map[string]*template.Template{}, assets: a}
	root, err := template.New(base+".html").Funcs(functions).ParseFS(templateFiles, "templates/"+base+".html", "templates/"+parts+".html")
	if err != nil {
		return nil, fmt.Errorf("read the templates: %w", err)
	}
	names, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil {
		return nil, fmt.Errorf("read the templates: %w", err)
	}
	for _, file := range names {
		name := strings.TrimSuffix(path.Base(file), ".html")
		if name == base || name == parts {
			continue
		}
		page, err := root.Clone()
		if err == nil {
			page, err = page.ParseFS(templateFiles, file)
		}
		if err != nil {
			return nil, fmt.Errorf("read the template %s: %w", name, err)
		}
		s.templates[name] = page
	}
	return s, nil
}

// Draw gives the HTML of a page. It depends on the model alone. An error is a
// defect of a template.
func (s *Site) Draw(page Page) ([]byte, error) {
	t := s.templates[page.Template()]
	if t == nil {
		return nil, fmt.Errorf("draw a page: there is no template %q", page.Template())
	}
	page.frame().assets = s.assets
	var out bytes.Buffer
	if err := t.ExecuteTemplate(&out, base+".html", page); err != nil {
		return nil, fmt.Errorf("draw a page: %w", err)
	}
	return out.Bytes(), nil
}
