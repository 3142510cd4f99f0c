package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is set by release builds: -ldflags "-X main.version=1.2.3".
var version string

// build is what this binary was built from.
type build struct {
	// Version is a release's version, else what Go knows of the module, else
	// "devel".
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	// Modified is true if there were changes that the revision lacks.
	Modified bool   `json:"modified,omitempty"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func readBuild() build {
	b := build{Version: buildVersion(), Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Revision = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	return b
}

func buildVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "devel"
}

func (b build) String() string {
	text := fmt.Sprintf("bayplan %s (%s, %s)", b.Version, b.Go, b.Platform)
	if b.Revision != "" {
		text += " at " + b.Revision
	}
	if b.Modified {
		text += ", with changes"
	}
	return text
}

func newVersionCommand(std streams) *cobra.Command {
	var output outputFlag
	cmd := &cobra.Command{
		Use:               "version",
		Short:             "Say what this binary was built from",
		Example:           "  bayplan version\n  bayplan version -o json",
		Args:              noArguments,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(*cobra.Command, []string) error {
			b := readBuild()
			return output.print(std.out, b, func() error {
				_, err := fmt.Fprintln(std.out, b)
				return err
			})
		},
	}
	output.register(cmd)
	return cmd
}
