//go:build unix

package inventory_test

import (
	"runtime"
	"syscall"
	"time"
)

// delay makes many wait for the same time each. Go's timers are exact to a
// millisecond on a machine with nothing to do, which is much of 5 ms; so one
// thread sleeps in the kernel for all of them, in the order in which they came.
type delay struct {
	latency time.Duration
	queue   chan waiting
}

type waiting struct {
	due  time.Time
	wake chan<- struct{}
}

func newDelay(latency time.Duration) *delay {
	d := &delay{latency: latency, queue: make(chan waiting, 1024)}
	go d.run()
	return d
}

// wait takes a channel with room for one, which is the caller's own.
func (d *delay) wait(wake chan struct{}) {
	d.queue <- waiting{due: time.Now().Add(d.latency), wake: wake}
	<-wake
}

func (d *delay) run() {
	runtime.LockOSThread()
	for next := range d.queue {
		for left := time.Until(next.due); left > 0; left = time.Until(next.due) {
			sleep := syscall.NsecToTimespec(left.Nanoseconds())
			_ = syscall.Nanosleep(&sleep, nil) // a signal cuts it short; so it is in a loop
		}
		next.wake <- struct{}{}
	}
}
