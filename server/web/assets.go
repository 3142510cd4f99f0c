package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"path"
	"strings"
)

//go:embed assets
var assetFiles embed.FS

// Asset is a file that pages refer to.
type Asset struct {
	// Name has a part that depends on the content, as style.0a1b2c3d4e5f.css: what
	// is behind a name never changes, and may be kept for ever.
	Name        string
	ContentType string
	Bytes       []byte
}

// assets are found by their plain names.
type assets map[string]*Asset

func readAssets() (assets, error) {
	out := assets{}
	entries, err := fs.ReadDir(assetFiles, "assets")
	if err != nil {
		return nil, fmt.Errorf("read the assets: %w", err)
	}
	for _, e := range entries {
		content, err := fs.ReadFile(assetFiles, "assets/"+e.Name())
		if err != nil {
			return nil, fmt.Errorf("read the assets: %w", err)
		}
		sum := sha256.Sum256(content)
		kind := path.Ext(e.Name())
		out[e.Name()] = &Asset{
			Name:        strings.TrimSuffix(e.Name(), kind) + "." + hex.EncodeToString(sum[:6]) + kind,
			ContentType: typeOf(kind), Bytes: content,
		}
	}
	return out, nil
}

// typeOf does not ask the machine's own table, which may say anything.
func typeOf(extension string) string {
	switch extension {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	}
	return mime.TypeByExtension(extension)
}

// Assets gives all of them.
func (s *Site) Assets() []*Asset {
	out := make([]*Asset, 0, len(s.assets))
	for _, a := range s.assets {
		out = append(out, a)
	}
	return out
}

// Asset finds one by a name that a page uses. current is false for a name of
// other content: that of another version of the program, whose pages are served
// beside these while one takes the place of the other. They look better with this
// one than with none.
func (s *Site) Asset(name string) (asset *Asset, current bool) {
	stem, _, ok := strings.Cut(name, ".")
	if !ok {
		return nil, false
	}
	asset = s.assets[stem+path.Ext(name)]
	if asset == nil || strings.Count(name, ".") != 2 {
		return nil, false
	}
	return asset, asset.Name == name
}
