package fake

import (
	"net/http"
	"slices"
	"sync"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
)

// Faults are what goes wrong now. They may be changed at any time.
type Faults struct {
	mu      sync.Mutex
	current []*armed
	changed chan struct{} // closed when they are replaced
}

// armed is a fault with the times that it has left.
type armed struct {
	fault
	struck int
}

// NewFaults makes none.
func NewFaults() *Faults { return &Faults{changed: make(chan struct{})} }

// Set replaces all faults by those that the texts say, or by none, and lets go on
// who was held up. An error is about the first text that is no fault, and then
// nothing changes.
func (f *Faults) Set(texts []string) error {
	next := make([]*armed, 0, len(texts))
	for _, text := range texts {
		one, err := parseFault(text)
		if err != nil {
			return err
		}
		next = append(next, &armed{fault: one})
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.current = next
	close(f.changed)
	f.changed = make(chan struct{})
	return nil
}

// List gives the faults as they were written.
func (f *Faults) List() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := make([]string, 0, len(f.current))
	for _, one := range f.current {
		out = append(out, one.text)
	}
	return out
}

// Struck gives how often each fault struck since it was set, in the order of
// [Faults.List].
func (f *Faults) Struck() []int {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := make([]int, 0, len(f.current))
	for _, one := range f.current {
		out = append(out, one.struck)
	}
	return out
}

// behind tells whether one of them is at a host that Bayplan asks.
func (f *Faults) behind() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.ContainsFunc(f.current, func(one *armed) bool { return one.behind() })
}

// find takes the first fault that is meant, once; nil for none.
func (f *Faults) find(meant func(*fault) bool) (found *fault, changed <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := slices.IndexFunc(f.current, func(one *armed) bool { return one.struck != one.times && meant(&one.fault) })
	if i < 0 {
		return nil, nil
	}
	f.current[i].struck++
	return &f.current[i].fault, f.changed
}

// Front stands before a Bayplan.
func (f *Faults) Front(next http.Handler) http.Handler {
	return f.before(next, func(r *http.Request, one *fault) bool { return one.means(r.URL.Path) })
}

// Behind stands before a host that Bayplan asks.
func (f *Faults) Behind(word string, next http.Handler) http.Handler {
	return f.before(next, func(_ *http.Request, one *fault) bool { return one.on == word })
}

func (f *Faults) before(next http.Handler, meant func(*http.Request, *fault) bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		one, changed := f.find(func(one *fault) bool { return meant(r, one) })
		if one == nil {
			next.ServeHTTP(w, r)
			return
		}
		one.strike(changed)(w, r, next)
	})
}

// strike says how a fault strikes.
func (f *fault) strike(changed <-chan struct{}) harbortest.Fault {
	if f.what == stall {
		return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			select {
			case <-changed:
				next.ServeHTTP(w, r)
			case <-r.Context().Done():
			}
		}
	}
	return f.answer
}
