package harbortest

import (
	"net/http"
	"slices"
	"strings"
	"sync"
)

// Matcher picks the requests that a fault strikes. Status is not set yet.
type Matcher func(Request) bool

// Any matches every request.
func Any(Request) bool { return true }

// Of matches requests of these kinds.
func Of(kinds ...Kind) Matcher {
	return func(r Request) bool { return slices.Contains(kinds, r.Kind) }
}

// PathContains matches requests whose path, escaped as it was sent, holds part.
func PathContains(part string) Matcher {
	return func(r Request) bool { return strings.Contains(r.Path, part) }
}

// And matches what all of them match.
func And(matchers ...Matcher) Matcher {
	return func(r Request) bool {
		return !slices.ContainsFunc(matchers, func(m Matcher) bool { return !m(r) })
	}
}

// Times matches the first n of what m matches, and then no more.
func Times(n int, m Matcher) Matcher {
	return After(0, n, m)
}

// After lets the first skip of what m matches pass, matches the next n, and then
// no more.
func After(skip, n int, m Matcher) Matcher {
	var mu sync.Mutex
	seen := 0
	return func(r Request) bool {
		if !m(r) {
			return false
		}
		mu.Lock()
		defer mu.Unlock()
		seen++
		return seen > skip && seen <= skip+n
	}
}

// Fault answers a request in place of Harbor. next is what Harbor would do; a
// fault may call it and change what comes out.
type Fault func(w http.ResponseWriter, r *http.Request, next http.Handler)

type faultList struct {
	mu     sync.Mutex
	faults []*installed
}

type installed struct {
	matches Matcher
	fault   Fault
}

// Fault installs a fault for what matches, and gives a function that removes it
// again. Of several that match, the newest strikes.
func (h *Harbor) Fault(matches Matcher, fault Fault) (remove func()) {
	one := &installed{matches, fault}
	h.faults.mu.Lock()
	defer h.faults.mu.Unlock()
	h.faults.faults = append(h.faults.faults, one)
	return func() {
		h.faults.mu.Lock()
		defer h.faults.mu.Unlock()
		h.faults.faults = slices.DeleteFunc(h.faults.faults, func(other *installed) bool { return other == one })
	}
}

// ClearFaults removes all faults.
func (h *Harbor) ClearFaults() {
	h.faults.mu.Lock()
	defer h.faults.mu.Unlock()
	h.faults.faults = nil
}

func (l *faultList) match(r Request) Fault {
	l.mu.Lock()
	faults := slices.Clone(l.faults)
	l.mu.Unlock()
	for _, one := range slices.Backward(faults) {
		if one.matches(r) {
			return one.fault
		}
	}
	return nil
}
