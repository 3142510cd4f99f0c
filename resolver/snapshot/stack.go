package snapshot

import (
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
)

// Stack is the buildpack stack or run image that an image stands on. It is
// immutable.
type Stack struct {
	Name       string
	State      string // as of the snapshot's day; "" where the catalog does not know the stack
	ReplacedBy string // followed to the last stack that is still there
}

// stacksOn gives what is said of each stack on a UTC day.
func stacksOn(stacks map[string]*chart.Stack, day chart.Date) map[string]*Stack {
	out := make(map[string]*Stack, len(stacks))
	for name, s := range stacks {
		out[name] = &Stack{Name: name, State: s.Lifecycle.On(s.State, day), ReplacedBy: nextStack(stacks, name, day)}
	}
	return out
}

// nextStack follows replacedBy, and gives the last stack on the way that is not
// removed on that day; "" if there is none. A circle ends where it would begin
// again.
func nextStack(stacks map[string]*chart.Stack, name string, day chart.Date) string {
	last := ""
	for seen := map[string]bool{name: true}; ; seen[name] = true {
		name = stacks[name].ReplacedBy
		next := stacks[name]
		if next == nil || seen[name] {
			return last
		}
		if removed := next.Lifecycle.Removed; removed == "" || day < removed {
			last = name
		}
	}
}

// stack looks up what the catalog says of the stack or run image that an image
// names; the first that it knows counts.
func (s *Snapshot) stack(d inventory.Details) *Stack {
	first := ""
	for _, name := range []string{d.Stack, d.RunImage, withoutDigest(d.RunImage), withoutTag(d.RunImage)} {
		if name == "" {
			continue
		}
		if first == "" {
			first = name
		}
		if known := s.Stack(name); known != nil {
			return known
		}
	}
	if first == "" {
		return nil
	}
	return &Stack{Name: first}
}

// withoutTag leaves the digest, if the reference has one.
func withoutTag(reference string) string {
	name, digest, pinned := strings.Cut(reference, "@")
	at := strings.LastIndexByte(name, ':')
	if !pinned || at < 0 || at < strings.LastIndexByte(name, '/') { // a port's
		return ""
	}
	return name[:at] + "@" + digest
}

func withoutDigest(reference string) string {
	name, _, _ := strings.Cut(reference, "@")
	return name
}
