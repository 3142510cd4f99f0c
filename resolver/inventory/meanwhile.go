package inventory

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbor"
)

// proofPause is how soon a proof is tried again that failed.
const proofPause = 5 * time.Second

// proving asks what may take long, and proves what is private meanwhile as often as
// rounds do, because what an earlier process or another replica knew is shown all
// the while. ask leaves the book alone. Harbor may fail to prove something; that our
// credential is not believed any more ends it.
func (i *Inventory) proving(ctx context.Context, ask func(context.Context) error) error {
	group, ctx := errgroup.WithContext(ctx)
	asked := make(chan struct{})
	group.Go(func() error {
		defer close(asked)
		return ask(ctx)
	})
	group.Go(func() error {
		for {
			timer := time.NewTimer(i.proofRest())
			select {
			case <-asked:
			case <-i.sowing:
			case <-timer.C:
			}
			timer.Stop()
			select {
			case <-asked:
				return nil
			default:
			}
			if err := i.proveShown(ctx); fault.Is(err, fault.Denied) {
				return err
			}
		}
	})
	return group.Wait()
}

// proofRest is how long the last proof is good for yet.
func (i *Inventory) proofRest() time.Duration {
	if i.book.proved.IsZero() {
		return i.opts.ProofEvery
	}
	rest := i.book.proved.Add(i.opts.ProofEvery).Sub(i.opts.Now())
	if rest <= 0 { // it was tried, and failed, or there is nothing to prove
		return min(proofPause, i.opts.ProofEvery)
	}
	return rest
}

// proveShown makes sure once more of what is shown, if it is time to.
func (i *Inventory) proveShown(ctx context.Context) error {
	if i.State().View.projects == 0 || i.book.identity.Kind == harbor.Anonymous && !i.book.proved.IsZero() {
		return nil
	}
	return i.proveAgain(ctx)
}
