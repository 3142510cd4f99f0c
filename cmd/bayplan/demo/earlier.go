package demo

import (
	"fmt"
	"io/fs"
	"slices"
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

// added is what the demo's catalog says besides the sample: dates at which images
// came to their ends, and one that is gone, so that the answers show that too.
var added = [][3]string{
	{"values.yaml", "  node12:\n    state: deprecated\n", "  node12:\n    state: deprecated\n    lifecycle:\n      unsupported: \"2022-04-30\"\n"},
	{"values.yaml", "  node10:\n    state: deprecated\n", "  node10:\n    state: deprecated\n    lifecycle:\n      unsupported: \"2021-04-30\"\n"},
	{"values.yaml", "tombstones: {}\n", "tombstones:\n  jessie:\n    date: \"2022-03-01\"\n    reason: Debian 8 gets no security updates.\n    replacedBy: bookworm\n"},
}

// versions makes the catalog that the demo serves, and one that comes before it, so
// that there is a history to look at.
func versions() (before, served *pack.Package, err error) {
	if served, err = edited(added); err != nil {
		return nil, nil, err
	}
	before, err = edited(append(slices.Clone(added), changed...))
	return before, served, err
}

// edited makes a chart of the sample with other words in some places.
func edited(edits [][3]string) (*pack.Package, error) {
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
		for _, c := range edits {
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
