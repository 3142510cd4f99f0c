package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/Masterminds/semver/v3"
	"github.com/spf13/cobra"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/adopt"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/legacy"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

type importOptions struct {
	std     streams
	into    string
	version string
	force   bool
}

func newImportCommand(std streams) *cobra.Command {
	o := &importOptions{std: std}
	cmd := &cobra.Command{
		Use:   "import FILE|-",
		Short: "Make a catalog chart of what is deployed",
		Long: `Import reads what a platform has today: the text of images-v1.yaml, the
ConfigMap that holds it, or all manifests of a release, as "kubectl get -o yaml",
"helm get manifest" and "helm template" print them. It writes a chart that renders
to the same: values.yaml with the text's own order and comments, and other objects
of the release as templates.

What readers of YAML disagree about (3.20, on, 010) is refused until it is quoted
in FILE. A folder that holds something is not written to without --force.

The exit code is 1 if the catalog has mistakes.`,
		Example: `  kubectl get configmap image-config -n tf-public -o yaml | bayplan import - --into ./image-config
  helm get manifest image-config -n tf-public | bayplan import - --into ./image-config
  bayplan import images-v1.yaml --into ./image-config --version 0.0.29`,
		DisableFlagsInUseLine: true,
		Args:                  oneArgument("a file, or - for standard input"),
		RunE:                  func(cmd *cobra.Command, args []string) error { return o.run(cmd, args[0]) },
	}
	flags := cmd.Flags()
	flags.StringVar(&o.into, "into", chart.Name, "`FOLDER` to write the chart to")
	flags.StringVar(&o.version, "version", "", "the chart's `VERSION` (default 0.0.0, numbered when it is published)")
	flags.BoolVar(&o.force, "force", false, "write over the chart that is there")
	keepLocal(cmd)
	return cmd
}

func (o *importOptions) run(cmd *cobra.Command, path string) error {
	if _, err := semver.StrictNewVersion(o.version); o.version != "" && err != nil {
		return fault.New(fault.Usage, "", "--version", "%q is no SemVer version: write MAJOR.MINOR.PATCH, for example 0.0.29", o.version)
	}
	data, name, err := readInput(cmd, path, legacy.MaxBytes)
	if err != nil {
		return fault.Wrap(fault.Usage, "import", path, err)
	}
	source, err := legacy.Read(data, name)
	if err != nil {
		return fault.Wrap(fault.Usage, "import", "", err)
	}
	others, err := legacy.Others(data, name)
	if err != nil {
		return fault.Wrap(fault.Usage, "import", "", err)
	}
	files, err := adopt.Files(source, others, adopt.Options{Version: o.version, From: name})
	if err != nil {
		return tellInvalid(o.std, "import", "nothing was written", err)
	}
	if err := o.write(files); err != nil {
		return fault.Wrap(fault.Usage, "import", "", err)
	}
	return o.report(source, len(others))
}

func (o *importOptions) report(source *chart.Source, others int) error {
	loaded, err := source.Load()
	if err != nil {
		return err
	}
	text := count(len(loaded.Catalog.Images), "image")
	if others > 0 {
		text += " and " + count(others, "other object")
	}
	fmt.Fprintf(o.std.out, "%s written to %s\n", text, o.into)
	fmt.Fprintf(o.std.err, "next: bayplan lint %s\n", o.into)
	return nil
}

// write writes the chart: into a folder beside the one that is meant, which
// takes its place when all is written, or with --force file by file.
func (o *importOptions) write(files map[string][]byte) error {
	there, err := os.ReadDir(o.into)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	case len(there) > 0 && !o.force:
		return fmt.Errorf("%s holds something already: name another folder with --into, or write over it with --force", o.into)
	case len(there) > 0:
		return writeFiles(o.into, files)
	}
	if err := os.MkdirAll(filepath.Dir(o.into), 0o755); err != nil {
		return err
	}
	beside, err := os.MkdirTemp(filepath.Dir(o.into), ".import-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(beside) }() // it is gone where all went well
	if err := writeFiles(beside, files); err != nil {
		return err
	}
	if err := os.Chmod(beside, 0o755); err != nil {
		return err
	}
	return os.Rename(beside, o.into)
}

// writeFiles writes files below a folder. The root is not left, whatever the
// names are.
func writeFiles(folder string, files map[string][]byte) error {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }() // files are closed by themselves
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := root.WriteFile(name, files[name], 0o644); err != nil {
			return err
		}
	}
	return nil
}
