package inventory

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbor"
)

// sweep lists everything, and reads what is not known yet or has changed. It is
// the first round, the answer to a count that does not add up (surplus), and
// what finds, now and then, all that update_time cannot show.
//
// Who we are is proved after the listing and before anything of it is believed:
// a listing by one whose credential was revoked is short, and a project that
// came before the listing is in the list of private ones if it is private.
func (i *Inventory) sweep(ctx context.Context, surplus int) error {
	began := i.opts.Now()
	if err := i.learn(ctx); err != nil {
		return err
	}
	if err := i.proveRecalled(ctx); err != nil {
		return err
	}
	base := i.State().View
	var rows []harbor.Repository
	err := i.proving(ctx, func(ctx context.Context) (err error) {
		rows, err = i.harbor.AllRepositories(ctx)
		return err
	})
	if err != nil {
		return err
	}
	if err := i.prove(ctx, base, rows); err != nil {
		return err
	}
	accept, err := i.plausible(base, rows)
	if err != nil {
		return err
	}
	there, changed := i.differences(base, rows)
	turn := i.sweepTurn(base, surplus)
	if shown := i.heed(base, there); i.book.recalled || i.wasSown() {
		// To read the rest takes long, and it may have turned private.
		if err := i.dropUnlisted(ctx, shown, there); err != nil {
			return err
		}
	}
	if err := i.read(ctx, changed, turn.projects); err != nil {
		return err
	}
	i.book.rescan = turn.after
	if err := i.dropGone(ctx, i.reckon(base), there); err != nil {
		return err
	}
	accept()
	i.book.note(rows, began, i.opts.Now())
	i.book.recalled = false
	i.book.swept, i.book.lastSweep, i.book.nextSweep = true, began, began.Add(spread(i.opts.SweepEvery))
	i.book.unexplained = max(surplus, 0)
	i.planByLooking(rows, began)
	return nil
}

// spread keeps replicas that began together from sweeping together.
func spread(d time.Duration) time.Duration { return d - d/10 + rand.N(d/5+1) }

// differences gives the names that a listing has, and the rows that are not as
// they were when their repository was last read. What may not be read is tried
// again each time.
func (i *Inventory) differences(base *View, rows []harbor.Repository) (there map[string]bool, changed []harbor.Repository) {
	there = make(map[string]bool, len(rows))
	for _, r := range rows {
		there[r.Name] = true
		_, denied := i.book.denied[r.Name]
		if old, known := i.book.known(base, r.Name); denied || !known || old != rowOf(r) || i.distrusts(base, r.Name) {
			changed = append(changed, r)
		}
	}
	for name := range i.book.denied {
		if !there[name] {
			delete(i.book.denied, name)
		}
	}
	return there, changed
}

// distrusts tells whether what an earlier process read of a repository has to be
// read again although its row is the same: where rows do not follow all changes,
// or nobody knows yet whether they do.
func (i *Inventory) distrusts(base *View, name string) bool {
	if i.book.swept || i.book.plan == PlanIncremental {
		return false
	}
	project, _ := harbor.SplitName(name)
	t := base.byProject(project)
	return t != nil && t.recalled
}

// dropGone takes out of the view and the book what a listing no longer has.
func (i *Inventory) dropGone(ctx context.Context, base *View, there map[string]bool) error {
	for name := range i.book.others {
		if !there[name] {
			delete(i.book.others, name)
		}
	}
	i.book.uncover()
	if err := i.dropUnlisted(ctx, base, there); err != nil {
		return err
	}
	i.publish(func(e *edit) { e.view.LeftOut = i.book.leftOut(i.privacy) })
	return nil
}

// dropUnlisted takes out of the view what a listing no longer has.
func (i *Inventory) dropUnlisted(ctx context.Context, base *View, there map[string]bool) error {
	doubtful := map[string][]string{} // by project
	base.walk(func(t *Tool) {
		for _, r := range t.Repositories {
			if !there[t.Project+"/"+r.Name] {
				doubtful[t.Project] = append(doubtful[t.Project], r.Name)
			}
		}
	})
	var answers []goneOf
	err := i.proving(ctx, func(ctx context.Context) (err error) {
		answers, err = i.gone(ctx, doubtful)
		return err
	})
	defer func() { i.land(readingsOf(answers)...) }()
	if err != nil {
		return err
	}
	i.publish(func(e *edit) {
		for _, a := range answers {
			i.drop(e, a.reading, func(name string) bool { return a.gone[name] })
		}
	})
	return i.readBack(ctx, answers)
}

// readBack reads the projects of repositories that a listing did not have and that
// were there a moment later: they were made anew meanwhile, so what is known of
// them is not what Harbor has now, and this round must not say that it is.
func (i *Inventory) readBack(ctx context.Context, answers []goneOf) error {
	for _, a := range answers {
		back := false
		for _, gone := range a.gone {
			back = back || !gone
		}
		if !back {
			continue
		}
		if err := i.refresh(ctx, a.reading.project); err != nil {
			return err
		}
	}
	return nil
}

// goneOf is which repositories of a project are no more.
type goneOf struct {
	reading *reading
	gone    map[string]bool
}

func readingsOf(answers []goneOf) []*reading {
	out := make([]*reading, len(answers))
	for n, a := range answers {
		out[n] = a.reading
	}
	return out
}

// gone asks about repositories that are known and were not listed. That a
// listing does not have a row is not enough: between two of its pages one can be
// missed. A repository that is not there holds nothing; about one whose project
// turned invisible, or went, Harbor says no more than that.
func (i *Inventory) gone(ctx context.Context, doubtful map[string][]string) ([]goneOf, error) {
	var mu sync.Mutex
	var answers []goneOf
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(i.opts.Concurrency)
	for project, names := range doubtful {
		group.Go(func() error {
			a := goneOf{reading: i.depart(project), gone: map[string]bool{}}
			mu.Lock()
			answers = append(answers, a)
			mu.Unlock()
			for _, name := range names {
				artifacts, err := i.harbor.RepositoryArtifacts(ctx, project+"/"+name)
				switch {
				case mayBeGone(err): // the project is, and so all that it held
					for _, name := range names {
						a.gone[name] = true
					}
					return nil
				case err != nil:
					return err
				}
				a.gone[name] = len(artifacts) == 0
			}
			return nil
		})
	}
	err := group.Wait()
	return answers, err
}
