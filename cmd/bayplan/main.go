// Command bayplan serves and looks after a platform's catalog of container
// images: `bayplan --help` says what it can do.
//
// It parses, wires and prints. What a catalog means, how registries are asked
// and what answers look like are the business of packages chart, resolver and
// server; what a first look needs is package demo. Data goes to standard
// output, all else to standard error.
package main

import "os"

func main() { os.Exit(runUntilSignal(os.Args[1:])) }

func runUntilSignal(args []string) (code int) {
	quietLibraries()
	ctx, stop := untilSignal()
	defer stop()
	return run(ctx, args, standardStreams())
}
