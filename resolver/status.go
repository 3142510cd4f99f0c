package resolver

import (
	"errors"
	"fmt"
	"time"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
)

// Served is a catalog that was taken into use.
type Served struct {
	Offer *Offer
	Chart *chart.Chart
	Since time.Time // when this process began to serve it
	// Recalled is when an earlier process wrote it to disk, if this one has it from
	// there; else zero.
	Recalled time.Time
}

// Refused is a catalog that was met and not taken.
type Refused struct {
	Offer *Offer // nil if it could not even be fetched whole
	Err   error
	At    time.Time
}

// Status tells how the resolver fares now. Unlike a snapshot it knows the clock.
type Status struct {
	Now      time.Time
	Served   *Served  // nil before the first catalog
	Refused  *Refused // nil if the last catalog met was taken
	Warnings []string // what is odd about the served catalog
	Frozen   *Frozen  // nil unless the served catalog is too old
	// Sources has the catalog's origin first, then the hosts by name, the source of
	// user-built images, and the hosts that are asked which repositories they have.
	Sources []SourceStatus
	// Kept tells how the state on disk fares; nil where none is kept.
	Kept *KeptStatus
}

// SourceStatus tells how one source fares.
type SourceStatus struct {
	Name string
	// Kind is "chart" for the catalog's origin, else the host's kind.
	Kind        string
	LastSuccess time.Time // zero if never
	LastAttempt time.Time // zero if never
	Err         error     // why the last attempt failed or was not complete
	// References is how many references it is asked about, how many images that
	// anyone may see it has, or how many repositories it listed.
	References int
	// Stale is true while a last good answer is served because it cannot be
	// repeated now.
	Stale bool
	// Users says more about the source of user-built images; nil for others.
	Users *UsersStatus
}

// UsersStatus is what is to be said of the source of user-built images alone.
type UsersStatus struct {
	Plan     string // how changes are found: "incremental" or "rescan"
	Version  string // of Harbor; "" where it is hidden
	Identity string // "anonymous", "robot" or "user"
	// Slow tells that each request costs Harbor much: a user's password is
	// hashed anew for every one.
	Slow      bool
	LastSweep time.Time
	// All is for operators alone, Public for whoever asks how we fare.
	All, Public inventory.Counts
	LeftOut     int
	// Denied counts projects that are listed and may not be read, Failing those
	// that could not be read while others could: what was known of them stands.
	Denied, Failing int
	// PublicDenied and PublicFailing are those that anyone may see.
	PublicDenied, PublicFailing int
}

// The kinds of sources that are no registry host.
const (
	// KindChart is the catalog's origin.
	KindChart = "chart"
	// KindUsers is the source of user-built images.
	KindUsers = "users"
	// KindListing is a host that is asked which repositories it has.
	KindListing = "listing"
)

// Status tells how everything fares now.
func (r *Resolver) Status() Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	status := Status{Now: r.opts.Now(), Refused: r.refused, Sources: []SourceStatus{r.lastLook}}
	if r.plan != nil {
		status.serves(r.plan.served)
		status.Frozen = r.frozen(r.plan.served, status.Now)
		if text := r.ageWarning(r.plan.served, status.Frozen); text != "" {
			status.Warnings = append(status.Warnings, text)
		}
	}
	for _, h := range r.hostsByName() {
		status.Sources = append(status.Sources, h.status())
	}
	if r.users != nil {
		status.Sources = append(status.Sources, r.users.status())
	}
	status.Sources = append(status.Sources, r.owned.status()...)
	if r.kept != nil {
		kept := r.kept.status
		status.Kept = &kept
	}
	return status
}

// serves adds what is served, and what is odd about it.
func (s *Status) serves(served *Served) {
	s.Served = served
	for _, w := range served.Chart.Warnings {
		s.Warnings = append(s.Warnings, w.String())
	}
	if sig := served.Offer.Signature; sig.Checked && sig.By == nil {
		s.Warnings = append(s.Warnings, fmt.Sprintf("version %s is served although no key of the keyring vouches for it: %s", served.Chart.Metadata.Version, sig.Err))
	}
	if r := s.Refused; r != nil && r.Offer != nil && errors.Is(r.Err, errOlder) {
		// Under a constraint or a moving tag the newest is what is offered: if that
		// is older than what is served, what is served is gone.
		s.Warnings = append(s.Warnings, vanishedFrom(served))
	}
	look := &s.Sources[0]
	switch {
	case look.Err != nil:
		look.Stale = true
		s.Warnings = append(s.Warnings, vanished(look.Err, served))
	case isRecalled(look.LastSuccess, look.LastAttempt):
		look.Stale = true
		s.Warnings = append(s.Warnings, fmt.Sprintf("the catalog's origin has not answered since this process began: version %s is served from disk",
			served.Chart.Metadata.Version))
	}
}

// vanished says what it means that the origin does not repeat its answer.
func vanished(err error, served *Served) string {
	stays := "the last good one stays served"
	if version := served.Chart.Metadata.Version; version != "" {
		stays = fmt.Sprintf("version %s stays served", version)
	}
	switch {
	case fault.Is(err, fault.NotFound):
		return vanishedFrom(served)
	case badContent(err):
		return "the catalog's origin holds something that cannot be used: " + stays
	}
	return "the catalog's origin cannot be asked: " + stays
}

// vanishedFrom says that what is served is gone from where it was. A legacy
// document may tell no version.
func vanishedFrom(served *Served) string {
	what := "the catalog"
	if version := served.Chart.Metadata.Version; version != "" {
		what = "version " + version
	}
	return what + " is no longer where it was published: it stays served"
}

// status is the host's part. The caller holds the lock.
func (h *host) status() SourceStatus {
	f := h.facts
	return SourceStatus{
		Name: h.name, Kind: h.kind, References: len(h.refs), Err: f.err,
		LastSuccess: f.lastSuccess, LastAttempt: f.lastAttempt, Stale: f.anyStale(),
	}
}

// Round is one attempt at one source, for those who count.
type Round struct {
	Source   string
	Kind     string
	Duration time.Duration
	Err      error
}
