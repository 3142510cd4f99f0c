package main

import (
	"fmt"
	"time"
)

const (
	// progressAfter is how long somebody waits before being told for what.
	progressAfter = time.Second
	progressWidth = 79
	eraseLine     = "\r\x1b[K"
)

// whileWaiting shows on a terminal, once it takes longer than a second, what is
// waited for: one line that is gone when stop is called. text is called for each
// change of the line.
func (s streams) whileWaiting(text func() string) (stop func()) {
	if !s.progress {
		return func() {}
	}
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		s.showProgress(text, end)
	}()
	return func() { close(end); <-ended }
}

func (s streams) showProgress(text func() string, end <-chan struct{}) {
	began := time.Now()
	ticks := time.NewTicker(progressAfter)
	defer ticks.Stop()
	written := false
	for {
		select {
		case <-end:
			if written {
				fmt.Fprint(s.err, eraseLine)
			}
			return
		case now := <-ticks.C:
			line := []rune(fmt.Sprintf("%s… %ds", shown(text()), int(now.Sub(began).Round(time.Second).Seconds())))
			fmt.Fprint(s.err, eraseLine+string(line[:min(len(line), progressWidth)]))
			written = true
		}
	}
}
