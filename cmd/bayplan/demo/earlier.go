package demo

import (
	"fmt"
	"io/fs"
	"strings"
	"time"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/pack"
)

// created is when the demo says that its first version was published: what
// people write down about one demo holds for the next.
var created = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// changed is what the earlier version of the sample says otherwise: file, what
// the sample says, what the earlier one said.
var changed = [][3]string{
	{"Chart.yaml", "version: 0.0.0-sample.1\n", "version: 0.0.0-sample.0\n"},
	{"values.yaml", "  node16:\n    state: stable\n    aliases:\n      - tf-node16\n", "  node16:\n    state: beta\n    aliases:\n      - tf-node16\n      - tf-node-lts\n"},
}

// earlier makes a version of the sample that comes before it, so that there is a
// history to look at.
func earlier() (*pack.Package, error) {
	var files []pack.File
	root := chart.BundledFS()
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		text := string(data)
		for _, c := range changed {
			if c[0] != name {
				continue
			}
			if !strings.Contains(text, c[1]) {
				return fmt.Errorf("the sample's %s does not say %q any more", name, c[1])
			}
			text = strings.Replace(text, c[1], c[2], 1)
		}
		files = append(files, pack.File{Name: name, Data: []byte(text)})
		return nil
	})
	if err != nil {
		return nil, err
	}
	return pack.Files(files)
}
