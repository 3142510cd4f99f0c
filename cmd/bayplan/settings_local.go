package main

import (
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// localAnnotation marks a flag that says what one call is about, so that a
// settings file or the environment have no business giving it.
const localAnnotation = "bayplan_local"

// keepLocal keeps the flags of a command out of the settings, but for those
// named.
func keepLocal(cmd *cobra.Command, but ...string) {
	cmd.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) {
		if !slices.Contains(but, f.Name) {
			f.Annotations = map[string][]string{localAnnotation: nil}
		}
	})
}

func isLocal(f *pflag.Flag) bool {
	_, local := f.Annotations[localAnnotation]
	return local
}
