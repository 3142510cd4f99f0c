package resolver

import (
	"fmt"
	"log/slog"
	"time"
)

// Frozen tells of a catalog that has been the newest for too long: whoever keeps
// new versions from us, or shows us an old list again and again, looks like that.
type Frozen struct {
	Published time.Time
	Age       time.Duration
}

// Published is when a catalog was published, as its manifest's annotation
// org.opencontainers.image.created says; zero where it does not. It is part of
// what the digest covers: under the version that is served it cannot be renewed.
func (s *Served) Published() time.Time {
	if s.Offer.pulled == nil {
		return time.Time{}
	}
	return s.Offer.pulled.Created
}

// judgesAge tells whether the age of a catalog matters: not where the operator
// named it.
func (r *Resolver) judgesAge(served *Served) bool {
	return r.opts.CatalogMaxAge > 0 && served != nil && served.Offer.Requested.moves()
}

// frozen judges the age of the served catalog; nil if it is not too old, nobody
// wants to know, or it is not known. It is flagged and served all the same: an old
// catalog is worth more than none, even to a process that has no other.
func (r *Resolver) frozen(served *Served, now time.Time) *Frozen {
	if !r.judgesAge(served) || served.Published().IsZero() {
		return nil
	}
	age := now.Sub(served.Published())
	if age <= r.opts.CatalogMaxAge {
		return nil
	}
	return &Frozen{Published: served.Published(), Age: age}
}

// ageWarning is what is to be said of the age; "" if nothing is.
func (r *Resolver) ageWarning(served *Served, frozen *Frozen) string {
	version := served.Chart.Metadata.Version
	switch {
	case frozen != nil:
		return fmt.Sprintf("version %s was published on %s, longer ago than the %s that are allowed, and no newer one has been seen since: somebody may keep newer ones from us",
			version, frozen.Published.UTC().Format(time.DateOnly), inDays(r.opts.CatalogMaxAge))
	case r.judgesAge(served) && served.Published().IsZero():
		return fmt.Sprintf("version %s does not say when it was published (org.opencontainers.image.created): whether it is too old is not known", version)
	}
	return ""
}

// inDays writes a duration in days where it is some.
func inDays(d time.Duration) string {
	const day = 24 * time.Hour
	if d%day == 0 && d > 0 {
		return fmt.Sprintf("%d days", d/day)
	}
	return d.String()
}

// noteAge logs when the served catalog becomes too old, and when it no longer is.
func (r *Resolver) noteAge(log *slog.Logger) {
	r.mu.Lock()
	var served *Served
	if r.plan != nil {
		served = r.plan.served
	}
	frozen := r.frozen(served, r.opts.Now())
	before := r.wasFrozen
	r.wasFrozen = frozen != nil
	r.mu.Unlock()
	switch {
	case frozen != nil && !before:
		log.Warn("the served catalog is older than is allowed, and no newer one has been seen; it stays served",
			"origin", r.origin.Name(), "version", served.Chart.Metadata.Version, "published", frozen.Published, "age", frozen.Age.Round(time.Second), "allowed", r.opts.CatalogMaxAge,
			"advice", "ask the registry by another way what it has; publish a new version if there is none")
	case frozen == nil && before:
		log.Info("the served catalog is not too old any more", "origin", r.origin.Name())
	}
}
