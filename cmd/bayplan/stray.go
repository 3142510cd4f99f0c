package main

import (
	"io"
	"log"
)

// quietLibraries drops what the standard library logs of its own accord, which
// goes to standard error in no format of ours. Its client for HTTP quotes there
// what a server sent that nobody asked for, and a server may send what it was
// shown: a password. What matters of it, a connection that ended, the next
// question finds out.
func quietLibraries() { log.SetOutput(io.Discard) }
