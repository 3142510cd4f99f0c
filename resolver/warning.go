package resolver

import "gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"

// warnings are about the hosts of the served catalog whose answers are not all
// known as of now. They name no time and no cause, so that replicas in the same
// state say the same. The caller holds the lock.
func (r *Resolver) warnings() []snapshot.Warning {
	var out []snapshot.Warning
	for _, h := range r.hostsByName() {
		refs := r.plan.questions[h.name]
		if len(refs) == 0 {
			continue // of the next catalog only
		}
		var fresh, stale, unknown int
		for _, ref := range refs {
			switch m, known := h.facts.manifests[ref]; {
			case !known:
				unknown++
			case m.stale:
				stale++
			default:
				fresh++
			}
		}
		if text := h.facts.warning(fresh, stale, unknown); text != "" {
			out = append(out, snapshot.Warning{Source: h.name, Text: h.name + text})
		}
	}
	return out
}

// warning goes on where the host's name ends; "" means that all is well. The
// numbers are of references.
func (f *hostFacts) warning(fresh, stale, unknown int) string {
	switch {
	case f.lastAttempt.IsZero() && stale > 0 && unknown > 0:
		return " has not answered since this process began: its images are as it last answered, and of some it is not known whether they exist"
	case f.lastAttempt.IsZero() && stale > 0:
		return " has not answered since this process began: its images are as it last answered"
	case f.lastAttempt.IsZero():
		return " has not answered yet: it is not known which of its images exist"
	case f.doubted:
		return " says that most of its images are gone, which is not believed yet: they are as it last answered"
	case fresh == 0 && stale == 0 && unknown > 0:
		return " cannot be asked now: it is not known which of its images exist"
	case fresh == 0 && unknown > 0:
		return " cannot be asked now: its images are as it last answered, and of some it is not known whether they exist"
	case fresh == 0:
		return " cannot be asked now: its images are as it last answered"
	case unknown > 0:
		return " cannot be asked about all images now: of some it is not known whether they exist"
	case stale > 0:
		return " cannot be asked about all images now: some are as it last answered"
	case f.err != nil:
		return " cannot be asked for all lists of tags now"
	}
	return ""
}
