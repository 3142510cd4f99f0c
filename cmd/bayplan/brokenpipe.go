package main

import (
	"os/signal"
	"syscall"
)

// surviveBrokenPipe keeps a service alive whose log nobody reads any more: a
// program ends when it writes to a standard stream that was closed, which is right
// for `bayplan list | head` and for nothing that others depend on.
func surviveBrokenPipe() { signal.Ignore(syscall.SIGPIPE) }
