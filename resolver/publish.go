package resolver

import (
	"log/slog"
	"time"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
)

// publish joins what is known now, and hands the snapshot to everybody if it is
// a new one. What is known only grows between two publications, because each
// reads it under the same lock that orders them; so snapshots never go back. The
// log is that of the refresh which made it worth a look.
func (r *Resolver) publish(log *slog.Logger) {
	if next := r.publishNext(); next != nil {
		log.Debug("snapshot published", "generation", next.Generation, "images", len(next.Images))
	}
}

// publishNext gives the snapshot that it published; nil if nothing is new.
func (r *Resolver) publishNext() *snapshot.Snapshot {
	r.publishing.Lock()
	defer r.publishing.Unlock()
	input, ok := r.joinInput()
	if !ok {
		return nil
	}
	before := r.current.Load()
	input.Before = before
	next := snapshot.Join(input)
	if next == before {
		return nil
	}
	r.generation++
	next.Generation, next.CreatedAt = r.generation, r.opts.Now()
	for _, follower := range r.followers {
		follower(next)
	}
	r.current.Store(next)
	if before != nil && next.Users.View.HiddenSince(before.Users.View) {
		r.kept.hurries() // or a crash would show what turned private once more
	} else {
		r.kept.changes()
	}
	return next
}

// joinInput gathers what a join is made of, or tells that it is too early.
func (r *Resolver) joinInput() (snapshot.Input, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.plan == nil {
		return snapshot.Input{}, false
	}
	facts := make(table, len(r.hosts))
	for name, h := range r.hosts {
		facts[name] = h.facts
	}
	users := r.usersNow()
	failing := r.users != nil && r.users.source.State().Err != nil
	input := snapshot.Input{
		Catalog: r.plan.served.Chart.Catalog, Facts: facts, Day: today(r.opts.Now()), Users: users,
		Warnings: append(r.warnings(), usersWarnings(users, failing)...),
	}
	if r.owned != nil {
		input.Owned = r.owned.now
	}
	return input, true
}

func today(now time.Time) chart.Date { return chart.Date(now.UTC().Format(time.DateOnly)) }
