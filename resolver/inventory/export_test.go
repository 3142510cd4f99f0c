package inventory

// Kept gives how many projects are kept for standard images.
func (i *Inventory) Kept() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return len(i.kept)
}
