package resolver

import (
	"sync"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
)

// maxHints bounds the tools that wait to be looked at. More are dropped: the
// next round finds them anyway.
const maxHints = 1000

// hints are tools about which somebody said that something changed. They are
// worked off one after the other; a tool that waits already is not added again.
type hints struct {
	wake chan struct{}

	mu      sync.Mutex
	waiting map[string]bool
	order   []string
}

// Hint says that something may have changed in a Harbor project, so that it is
// looked at before the next round. It returns at once, and false if so many
// wait already that this one is dropped. Projects that are no tool's wait for
// the next round.
func (r *Resolver) Hint(project string) bool {
	tool, isTool := inventory.ToolOf(project)
	if r.users == nil || !isTool {
		return true
	}
	return r.users.hints.add(tool)
}

func (h *hints) add(tool string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.waiting[tool]:
		return true
	case len(h.order) >= maxHints:
		return false
	case h.waiting == nil:
		h.waiting = map[string]bool{}
	}
	h.waiting[tool] = true
	h.order = append(h.order, tool)
	select {
	case h.wake <- struct{}{}:
	default: // a signal lies there already
	}
	return true
}

func (h *hints) take() (tool string, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.order) == 0 {
		return "", false
	}
	tool, h.order = h.order[0], h.order[1:]
	delete(h.waiting, tool)
	return tool, true
}

// clear drops all that wait.
func (h *hints) clear() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.order = nil
	clear(h.waiting)
}

// followHints looks at each tool that was hinted at, one after the other. While
// the source cannot be asked, hints are dropped: the first round that can finds
// what they were about.
func (r *Resolver) followHints() error {
	if r.users == nil {
		return nil
	}
	for {
		select {
		case <-r.users.hints.wake:
		case <-r.ctx.Done():
			return nil
		}
		for tool, ok := r.users.hints.take(); ok && r.ctx.Err() == nil; tool, ok = r.users.hints.take() {
			if err := r.askTool(r.ctx, tool); err != nil {
				r.log.Debug("a tool that was hinted at could not be asked about", "tool", tool, "error", err)
				r.users.hints.clear()
			}
		}
	}
}
