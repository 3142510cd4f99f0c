// Package fact holds the words in which sources of live facts answer: what a
// registry said about a reference, and what about a repository.
//
// It holds no rules and asks nobody. Sources (package registry for the OCI
// distribution API) fill a [Report]; the join reads it. It imports nothing of
// Bayplan but the words of package marker.
package fact

import "gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/marker"

// Status tells whether something is there. The zero value is [Unknown].
type Status int

const (
	// Unknown means that nobody was asked, or that nobody could be asked.
	Unknown Status = iota
	// Present means that the registry has it now.
	Present
	// Absent means that the registry answered, and does not have it.
	Absent
)

// String gives the status as a word for logs and messages.
func (s Status) String() string {
	switch s {
	case Present:
		return "present"
	case Absent:
		return "absent"
	default:
		return "unknown"
	}
}

// Reference is a question: one reference as the catalog writes it. It is
// comparable, and the key of the answer.
type Reference struct {
	// Host is the registry host as the catalog names it, not as it is reached.
	Host string
	// Repository is the path without host and tag.
	Repository string
	// Tag and Digest are what the catalog pins; at least one of them is set.
	Tag, Digest string
}

// String gives "host/repository:tag@digest"; empty parts are left out.
func (r Reference) String() string {
	s := r.Repository
	if r.Host != "" {
		s = r.Host + "/" + s
	}
	if r.Tag != "" {
		s += ":" + r.Tag
	}
	if r.Digest != "" {
		s += "@" + r.Digest
	}
	return s
}

// Manifest is the answer for one reference.
type Manifest struct {
	// Status tells whether what a pod with this reference would pull is there:
	// the digest where the reference has one, else the tag.
	Status Status
	// Digest ("sha256:…") is that of the manifest which the tag names now; for
	// a reference whose tag is gone or that has none, the digest that was asked
	// for. Empty if there is neither.
	Digest string
}

// Repository is the answer for one repository.
type Repository struct {
	// Status is Absent if the registry does not know the repository.
	Status Status
	// Tags are the names of its tags, sorted, without those that signatures and
	// attestations live under, and without markers where they are read.
	Tags []string
	// Marks are what its markers say; nil without any, or where they are not read.
	Marks *marker.Marks
}

// Report is what one source learnt in one round.
type Report struct {
	// Manifests holds an answer for each reference that could be asked about.
	// One that could not is left out; it is not Absent.
	Manifests map[Reference]Manifest
	// Repositories holds an answer for each repository path (without host) that
	// could be asked about.
	Repositories map[string]Repository
	// Err is nil for a complete round, else why some or all could not be asked;
	// a *fault.Error.
	Err error
}
