package main

import (
	"fmt"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// printMessages shows what an answer says besides its data, on standard error
// so that data stays data, and below it why sources failed.
func printMessages(std streams, m api.Messages, failures []string) {
	for _, text := range m.Info {
		fmt.Fprintln(std.err, shown(text))
	}
	for _, text := range m.Warning {
		fmt.Fprintln(std.err, "warning: "+shown(text))
	}
	for _, text := range m.Error {
		fmt.Fprintln(std.err, "error: "+shown(text))
	}
	for _, text := range failures {
		fmt.Fprintln(std.err, "  "+shown(text))
	}
}
