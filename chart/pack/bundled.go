package pack

import (
	"fmt"
	"io/fs"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
)

// Bundled packages the sample chart that ships with Bayplan.
func Bundled() (*Package, error) {
	root := chart.BundledFS()
	var files []File
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := fs.ReadFile(root, name)
		files = append(files, File{Name: name, Data: data})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("package the bundled chart: %w", err)
	}
	return Files(files)
}
