package registry

import (
	"context"
	"sync"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/singleflight"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// hopeless is how many unreachable answers, without a good one before, end a
// round.
const hopeless = 3

// round is one pass over all questions. What it learns about the way to the
// host (challenge, session) it learns at most once.
type round struct {
	*Source
	plan plan
	ctx  context.Context
	stop context.CancelCauseFunc

	ping  func() (*transport.Challenge, error)
	renew func() (*session, error)
	built singleflight.Group // connections under way, by repository

	mu          sync.Mutex
	reason      error // why the round was given up
	unreachable int   // in a row, before the first answer
	answered    bool  // the host gave at least one answer of the protocol
	denied      bool  // somebody was refused under this session
}

// newRound starts the clock.
func (s *Source) newRound(ctx context.Context, p plan) (r *round, end func()) {
	tooLong := fault.New(fault.Unreachable, "", "", "the round took longer than %v", s.opts.Timeout)
	ctx, cancel := context.WithTimeoutCause(ctx, s.opts.Timeout, tooLong)
	ctx, stop := context.WithCancelCause(ctx)
	r = &round{Source: s, plan: p, ctx: ctx, stop: stop}
	r.ping = sync.OnceValues(func() (*transport.Challenge, error) { return s.ping(ctx) })
	r.renew = sync.OnceValues(func() (*session, error) {
		challenge, err := r.ping()
		if err != nil {
			return nil, err
		}
		return s.open(ctx, challenge)
	})
	return r, func() { stop(nil); cancel() }
}

// begin makes sure that there is a session. A host without one has not answered
// yet, or not lately: this is the one request that a dead host costs.
func (r *round) begin() error {
	if r.invalid != nil {
		return r.invalid
	}
	r.renounce(r.ctx)
	if r.current() != nil {
		return nil
	}
	_, err := r.renew()
	return err
}

// run asks all questions, a bounded number at a time.
func (r *round) run() {
	var g errgroup.Group
	g.SetLimit(r.opts.Concurrency)
	for _, q := range r.plan.questions {
		if q.err != nil {
			continue
		}
		g.Go(func() error {
			q.err = r.ask(q)
			r.note(q.err)
			return nil
		})
	}
	_ = g.Wait() // errors are kept with their questions
}

// ask asks one question, unless the round is over.
func (r *round) ask(q *question) error {
	if r.ctx.Err() != nil {
		return endpoint.Classify(context.Cause(r.ctx))
	}
	if q.list {
		return r.askTags(q)
	}
	return r.askManifest(q)
}

// note watches for the end of all hope.
func (r *round) note(err error) {
	if err != nil && r.ctx.Err() != nil {
		return // it failed because the round is over
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch kind := fault.KindOf(err); {
	case err == nil, kind == fault.TooLarge:
		r.answered = true
	case kind == fault.Denied:
		r.answered, r.denied = true, true
	case kind == fault.RateLimited:
		r.giveUpLocked(err)
	case !r.answered:
		if r.unreachable++; r.unreachable >= hopeless {
			r.giveUpLocked(err)
		}
	}
}

// giveUp ends the round; the first reason counts.
func (r *round) giveUp(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.giveUpLocked(err)
}

func (r *round) giveUpLocked(err error) {
	if r.reason == nil {
		r.reason = err
		r.stop(err)
	}
}

// cause is why the round was given up, or nil.
func (r *round) cause() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.reason == nil && r.ctx.Err() != nil {
		return endpoint.Classify(context.Cause(r.ctx))
	}
	return r.reason
}

// settle decides whether the session is good for the next round. After a
// refusal it is made anew, because the password or the registry's ways may have
// changed; after a round without any answer too, which is what makes the next
// one begin with a single request.
func (r *round) settle() {
	r.mu.Lock()
	keep := r.answered && !r.denied
	r.mu.Unlock()
	if !keep {
		r.forget()
	}
	r.prune(r.plan)
}
