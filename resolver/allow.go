package resolver

import "slices"

// maxAllowed bounds how many digests are remembered as having been allowed.
const maxAllowed = 100

// allowed are the digests of catalogs that an operator lets in although they
// would be refused beside what is served. Each counts once, so that a setting
// which stays in place does not let the same one in again after another was
// served. The resolver's lock guards it.
type allowed struct {
	digests []string
	used    []string
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
