package inventory

// publish changes the view under the lock, and tells the follower if that made
// another one.
func (i *Inventory) publish(change func(*edit)) {
	i.mu.Lock()
	defer i.mu.Unlock()
	before := i.state.Load()
	e := before.View.edit()
	change(e)
	view := e.commit()
	if view == before.View {
		return
	}
	next := *before
	next.View = view
	i.state.Store(&next)
	i.follow(&next)
}

// settle publishes how a round went. The follower is told if it turned out
// otherwise than the one before, is the first to succeed, or left something
// unread that was not before.
func (i *Inventory) settle(err error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	now := i.opts.Now()
	before := i.state.Load()
	next := *before
	next.Err, next.View = err, i.withUnread(before.View)
	next.Health = i.book.health(before.Health, i.privacy)
	next.Health.LastAttempt = now
	next.losses, next.rights = i.book.losses, i.book.rights
	i.reckoning, i.there = false, nil
	if err == nil {
		next.Health.LastSuccess, next.Recalled = now, false
		i.sown, i.empty = false, nil
	}
	i.state.Store(&next)
	if next.View != before.View || (before.Err == nil) != (err == nil) || before.Health.LastSuccess.IsZero() != next.Health.LastSuccess.IsZero() || before.Recalled != next.Recalled {
		i.follow(&next)
	}
}
