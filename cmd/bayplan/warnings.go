package main

import (
	"log/slog"
	"sync"
)

// maxWarnings bounds the warnings of registries that are logged.
const maxWarnings = 100

// warnings logs what registries warn of (RFC 7234, section 5.5), each text once:
// they come with every answer, and as many as a registry likes.
type warnings struct {
	log *slog.Logger // nil logs nothing

	mu   sync.Mutex
	said map[[2]string]bool
}

func (w *warnings) warn(host, text string) {
	if w.log != nil && w.isNew(host, text) {
		w.log.Warn("a registry warns", "host", host, "warning", text)
	}
}

func (w *warnings) isNew(host, text string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	key := [2]string{host, text}
	if w.said[key] || len(w.said) == maxWarnings {
		return false
	}
	if w.said == nil {
		w.said = map[[2]string]bool{}
	}
	w.said[key] = true
	return true
}
