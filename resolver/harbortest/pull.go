package harbortest

import (
	"sync"
	"time"
)

// pullFlush collects pulls until they are written to the repositories together,
// as Harbor does every ten seconds.
type pullFlush struct {
	mu      sync.Mutex
	pending []pull
	timer   *time.Timer
	stopped bool
}

type pull struct {
	repository string
	digest     digest
	tag        string // empty if pulled by digest
	at         stamp
	times      int64
}

// pulled notes a pull. The event goes out at once; what lists show follows with
// the flush.
func (h *Harbor) pulled(p pull) {
	h.pulls.mu.Lock()
	defer h.pulls.mu.Unlock()
	h.pulls.pending = append(h.pulls.pending, p)
	if h.opts.PullFlush > 0 && h.pulls.timer == nil && !h.pulls.stopped {
		h.pulls.timer = time.AfterFunc(h.opts.PullFlush, h.FlushPulls)
	}
}

// FlushPulls writes the pulls so far to pull_count, pull_time and update_time.
func (h *Harbor) FlushPulls() {
	h.pulls.mu.Lock()
	pending := h.pulls.pending
	h.pulls.pending, h.pulls.timer = nil, nil
	h.pulls.mu.Unlock()

	at := h.stamp()
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, p := range pending {
		r := h.state.repositories[p.repository]
		if r == nil {
			continue
		}
		r.pulls += p.times
		h.state.touch(r, at)
		if a := r.byDigest(p.digest); a != nil {
			a.pull(p)
		}
	}
}

// pull notes when an artifact, and the tag it was asked for by, were pulled.
func (a *artifact) pull(p pull) {
	a.pulled = max(a.pulled, p.at)
	for i := range a.tags {
		if a.tags[i].name == p.tag {
			a.tags[i].pulled = max(a.tags[i].pulled, p.at)
		}
	}
}

func (f *pullFlush) stop() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stopped = true
	if f.timer != nil {
		f.timer.Stop()
	}
}
