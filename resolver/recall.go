package resolver

import (
	"log/slog"
	"time"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/store"
)

// recall begins with what an earlier process kept: it is served at once, all of
// it marked stale, until the sources answer. It is for start-up.
func (r *Resolver) recall() {
	state := r.kept.load(r.log)
	if state == nil {
		r.wantSeed()
		return
	}
	r.allowed.recall(state.Allowed)
	for _, host := range state.Hosts {
		r.recalled[host.Name] = host
	}
	usersToo := r.users != nil
	if u := state.Users; u != nil && usersToo && r.users.source.Host() == u.Host {
		if source, ok := r.users.source.(rememberer); ok {
			source.Recall(u.Memory)
			usersToo = false
		}
	}
	if usersToo {
		r.wantSeed()
	}
	r.recallCatalog(state)
}

// load gives the newest state on disk that is whole; nil if there is none.
func (k *keeping) load(log *slog.Logger) *store.State {
	if k == nil {
		return nil
	}
	state, passed := k.store.Load()
	for _, damage := range passed {
		log.Error("a generation of the last good state cannot be used and was passed over", "file", damage.File,
			"error", damage.Err, "advice", adviceOn(damage.Err))
	}
	if state == nil && len(passed) > 0 {
		log.Error("no last good state is left: nothing is served before the sources answer")
	}
	return state
}

// adviceOn says what an operator should do about damage.
func adviceOn(err error) string {
	switch fault.KindOf(err) {
	case fault.Unsupported:
		return "another version of Bayplan wrote it: nothing is lost, it is written anew once the sources answer"
	case fault.TooLarge:
		return "see what filled it; it is written anew once the sources answer"
	}
	return "it is written anew once the sources answer; if it happens again, look at the disk"
}

// recallCatalog serves the catalog that was kept, if it is what is asked for now
// and passes what a fresh one would have to.
func (r *Resolver) recallCatalog(state *store.State) {
	origin, ok := r.origin.(Keeper)
	if !ok || state.Catalog == nil {
		return // it is on this machine, or of another origin
	}
	offer, err := origin.Revive(state.Catalog)
	if err != nil {
		r.log.Warn("the catalog on disk is not served", "origin", r.origin.Name(), "reason", err)
		return
	}
	loaded, err := offer.Source.Load()
	if err == nil {
		err = offer.Signature.Admit(offer.Reference)
	}
	if err != nil {
		r.log.Error("the catalog on disk is not served", "origin", r.origin.Name(), "error", err)
		return
	}
	now := r.opts.Now()
	r.mu.Lock()
	r.plans++
	r.plan = &plan{
		served: &Served{Offer: offer, Chart: loaded, Since: now, Recalled: state.SavedAt}, log: r.log, number: r.plans, since: r.plans,
		questions: snapshot.Questions(loaded.Catalog), waiting: map[string]bool{},
	}
	r.seen, r.lastLook.LastSuccess = offer.Identity, state.Catalog.LastSuccess
	r.replan()
	r.mu.Unlock()
	r.log.Warn("the last good state is served from disk, marked stale, until the sources answer",
		"version", loaded.Metadata.Version, "digest", offer.Digest, "age", now.Sub(state.SavedAt).Round(time.Second))
	r.publish(r.log)
}

// recalledFacts gives what a host said to an earlier process, once. The caller
// holds the lock.
func (r *Resolver) recalledFacts(host string) *hostFacts {
	kept, ok := r.recalled[host]
	if !ok {
		return &hostFacts{}
	}
	delete(r.recalled, host)
	f := factsOf(kept)
	f.hearsay = r.seeded[host]
	return f
}

// isRecalled tells a source that an earlier process heard, and this one not yet.
func isRecalled(lastSuccess, lastAttempt time.Time) bool {
	return lastAttempt.IsZero() && !lastSuccess.IsZero()
}
