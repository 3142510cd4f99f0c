package inventory

import (
	"context"
	"sync"

	"golang.org/x/sync/errgroup"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbor"
)

// fewRepositories is how many repositories there must have been for their loss
// to be implausible.
const fewRepositories = 20

// sweep lists everything, and reads what is not known yet or has changed. It is
// the first round, the answer to a deletion, and what finds, now and then, all
// that update_time cannot show.
func (i *Inventory) sweep(ctx context.Context) error {
	if err := i.learn(ctx); err != nil {
		return err
	}
	if err := i.prove(ctx); err != nil {
		return err
	}
	// Counted before it is listed: what is deleted meanwhile shows as a smaller
	// count in the next round.
	newest, err := i.harbor.RecentRepositories(ctx, 1)
	if err != nil {
		return err
	}
	rows, err := i.harbor.AllRepositories(ctx)
	if err != nil {
		return err
	}
	if err := i.plausible(rows); err != nil {
		return err
	}
	there := make(map[string]bool, len(rows))
	var changed []harbor.Repository
	leftOut := map[string]bool{}
	for _, r := range rows {
		there[r.Name] = true
		if old, known := i.known(r.Name); !known || old != rowOf(r) {
			changed = append(changed, r)
		}
		if project, _ := harbor.SplitName(r.Name); !i.keeps(project) {
			leftOut[project] = true
		}
	}
	gone, err := i.gone(ctx, there)
	if err != nil {
		return err
	}
	if err := i.read(ctx, changed, nil, func(name string) bool { return gone[name] }); err != nil {
		return err
	}
	i.book.swept, i.book.lastSweep, i.book.total = true, i.opts.Now(), newest.Total
	if i.book.plan == PlanUnknown {
		i.book.plan = i.planByLooking(rows)
	}
	i.publish(func(e *edit) { e.view.LeftOut = len(leftOut) })
	return nil
}

// gone tells which known repositories are no more. That a listing does not have
// a row is not enough: between two of its pages one can be missed. A repository
// that is not there holds nothing; one whose project turned invisible cannot be
// asked about. What is kept of other projects goes without a question.
func (i *Inventory) gone(ctx context.Context, there map[string]bool) (map[string]bool, error) {
	gone := map[string]bool{}
	var doubtful []string
	i.State().View.walk(func(t *Tool) {
		for _, r := range t.Repositories {
			if name := t.Project + "/" + r.Name; !there[name] {
				doubtful = append(doubtful, name)
			}
		}
	})
	for name := range i.book.others {
		if !there[name] {
			gone[name] = true
		}
	}
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(i.opts.Concurrency)
	for _, name := range doubtful {
		group.Go(func() error {
			artifacts, err := i.harbor.RepositoryArtifacts(ctx, name)
			if err != nil && !mayBeGone(err) {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			gone[name] = len(artifacts) == 0
			return nil
		})
	}
	return gone, group.Wait()
}

// plausible refuses a listing that lost most of what there was: an empty
// database behind a healthy front looks like that, and so do lost rights.
func (i *Inventory) plausible(rows []harbor.Repository) error {
	had := i.knownTotal()
	if !i.book.swept || had < fewRepositories || 2*len(rows) >= had {
		i.book.shrunk = 0
		return nil
	}
	i.book.shrunk++
	if i.book.shrunk >= confirmations {
		i.book.shrunk = 0
		return nil
	}
	return fault.New(fault.Refused, "ask harbor", "", "it lists %d repositories and had %d: not believed until it says so %d times",
		len(rows), had, confirmations).WithHint("if they were deleted on purpose, this goes by itself; else look at Harbor's database and at our robot's rights")
}

// confirmations is how many listings in a row must agree on an implausible loss.
const confirmations = 10
