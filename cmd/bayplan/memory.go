package main

import (
	"os"
	"runtime/debug"
)

// thrift is how much garbage, in percent of what is in use, may gather before it
// is collected. A service that keeps a platform's images in memory and answers
// from bytes that are made already has much in use and makes little garbage:
// Go's own 100 would nearly double what it takes.
const thrift = 40

// beThrifty sets that, unless the operator has decided (GOGC).
func beThrifty() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(thrift)
	}
}
