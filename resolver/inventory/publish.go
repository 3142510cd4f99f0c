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
	if view.sameAs(before.View) {
		return
	}
	next := *before
	next.View = view
	i.state.Store(&next)
	i.follow(&next)
}
