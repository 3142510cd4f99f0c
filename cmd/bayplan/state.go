package main

import (
	"github.com/opencontainers/go-digest"
	"github.com/spf13/cobra"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/store"
)

// stateFlags say what outlives the process.
type stateFlags struct {
	dir   string
	allow []string
}

func (f *stateFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.dir, "state-dir", "", "keep the last good state in this `DIRECTORY`, and begin with it while registries do not answer")
	flags.StringArrayVar(&f.allow, "allow-digest", nil, "take the catalog with this `DIGEST`, once, although it is older than what is served or lost most of its names; or believe a registry, once, that the loss with this digest is none of its bad days (repeatable)")
}

// open adds to a resolver's options what is kept; close lets another process have
// the directory.
func (f *stateFlags) open(opts *resolver.Options) (closing func() error, err error) {
	for _, text := range f.allow {
		if d, err := digest.Parse(text); err != nil || d.Algorithm() != digest.SHA256 {
			return nil, fault.New(fault.Usage, "", "--allow-digest", "%q is no digest", text).
				WithHint("a digest is sha256: and 64 hexadecimal digits; /v1/catalog says which one was refused")
		}
	}
	opts.Allow = f.allow
	if f.dir == "" {
		return func() error { return nil }, nil
	}
	disk, err := store.Open(f.dir, 0)
	if err != nil {
		return nil, err
	}
	opts.State = disk
	return disk.Close, nil
}
