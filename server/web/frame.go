package web

import (
	"net/url"
	"slices"
	"strings"
	"time"
)

// Frame is what every page has around its own content.
type Frame struct {
	// Title is the page's name in the browser's tab, and its first heading mostly.
	Title string
	// Root leads from the page to the place where all pages are, whatever stands
	// before that in the address: "./", "../", "../../" and so on.
	Root string
	// Place is where the page is in the navigation: the Name of one of [places], or
	// "".
	Place string
	// Troubles are the sources that do not answer as they should.
	Troubles []Trouble
	// Refused is a newer catalog that was not taken; nil if there is none.
	Refused *Refusal
	// Canonical is the page's own path below Root, where it has several addresses;
	// "" where it has one.
	Canonical string

	assets assets
}

// Trouble is a source whose last good answer is shown because it does not answer
// now, or one that never answered.
type Trouble struct {
	// Source is the source's name, What says what it is asked about.
	Source, What string
	// Since is when it last answered; zero if it never did.
	Since time.Time
	// Reason is a half sentence. It is the same on every replica and at every
	// attempt, so that the page's entity tag changes only if something changed.
	Reason string
}

// Refusal is a newer catalog that was met and not taken.
type Refusal struct{ Version, Reason string }

func (f *Frame) frame() *Frame { return f }

// RootOf gives the way from a page to the root, by its path as it was sent. A
// slash that is encoded is part of a name.
func RootOf(escapedPath string) string {
	depth := strings.Count(escapedPath, "/") - 1
	if depth <= 0 {
		return "./"
	}
	return strings.Repeat("../", depth)
}

// place is an entry of the navigation.
type place struct{ Path, Name string }

// places are the navigation, in its order. Path is below the root.
var places = []place{
	{"", "Images"},
	{"tools", "Tools"},
	{"catalog", "Catalog"},
	{"drift", "Drift"},
}

// Places gives the navigation.
func (f *Frame) Places() []place { return slices.Clone(places) }

// AssetURL leads to an asset by its plain name.
func (f *Frame) AssetURL(name string) string {
	if a := f.assets[name]; a != nil {
		return f.Root + "assets/" + a.Name
	}
	return ""
}

// ImageURL leads to the page of an image, by any of its names.
func (f *Frame) ImageURL(name string) string { return f.Root + "images/" + escapePath(name) }

// ToolURL leads to the page of a tool.
func (f *Frame) ToolURL(name string) string { return f.Root + "tools/" + escapePath(name) }

// Path writes a name into an address.
func (f *Frame) Path(name string) string { return escapePath(name) }

// escapePath keeps the slashes of a name.
func escapePath(name string) string {
	parts := strings.Split(name, "/")
	for i, part := range parts {
		parts[i] = url.PathEscape(part)
	}
	return strings.Join(parts, "/")
}
