package resolver

import "slices"

// maxAllowed bounds how many digests are remembered as having been allowed.
const maxAllowed = 100

// allowed are the digests of catalogs that an operator lets in although they
// would be refused beside what is served, and of losses (package shrink) that are
// believed at once. Each counts once, so that a setting
// which stays in place does not let the same one in again after another was
// served. The resolver's lock guards it.
type allowed struct {
	digests []string
	used    []string
	unsaid  []string // losses that were let in and not logged yet
}

// admits tells whether a digest is let in, and uses that up.
func (a *allowed) admits(digest string) bool {
	if digest == "" || !slices.Contains(a.digests, digest) || slices.Contains(a.used, digest) {
		return false
	}
	a.used = append(a.used, digest)
	a.used = a.used[max(0, len(a.used)-maxAllowed):]
	return true
}

// recall takes over what an earlier process used up.
func (a *allowed) recall(used []string) {
	a.used = slices.Clone(used[max(0, len(used)-maxAllowed):])
}

// taken gives what was used up.
func (a *allowed) taken() []string { return slices.Clone(a.used) }

// allowsLoss lets a loss in. The caller holds the lock, and has it said once it does not
// any more (sayAllowed).
func (r *Resolver) allowsLoss(digest string) bool {
	if !r.allowed.admits(digest) {
		return false
	}
	r.allowed.unsaid = append(r.allowed.unsaid, digest)
	return true
}

// sayAllowed logs which losses were let in since the last time.
func (r *Resolver) sayAllowed() {
	r.mu.Lock()
	unsaid := r.allowed.unsaid
	r.allowed.unsaid = nil
	r.mu.Unlock()
	for _, digest := range unsaid {
		r.log.Warn("a source is believed at once that most of what it had is gone, because the digest of the loss was allowed; it is not allowed again", "digest", digest)
	}
}

// doubter is what the source of user-built images should be too, so that an
// operator can allow what it lost; *inventory.Inventory is one.
type doubter interface {
	AllowLosses(f func(digest string) bool)
}

// allowLosses lets a source ask which of its losses an operator allowed.
func (r *Resolver) allowLosses(source Users) {
	if source, ok := source.(doubter); ok {
		source.AllowLosses(func(digest string) bool {
			defer r.sayAllowed()
			r.mu.Lock()
			defer r.mu.Unlock()
			return r.allowsLoss(digest)
		})
	}
}
