package inventory

// Difference calls f with each tool that two views do not share, in the order of
// the short names of images: before is nil for one that came, after for one that
// went. It passes over whole shelves that the views share, so among 100,000
// tools it costs little more than what changed. It takes nil for an empty view.
// That a tool is not shared does not say that anything of it shows.
func Difference(before, after *View, f func(before, after *Tool)) {
	if before == after {
		return
	}
	old, fresh := before.reader(), after.reader()
	for !old.ended() || !fresh.ended() {
		if old.skipShared(&fresh) {
			continue
		}
		a, b := old.tool(), fresh.tool()
		switch c := compareTools(a, b); {
		case c < 0:
			b = nil
			old.next()
		case c > 0:
			a = nil
			fresh.next()
		default:
			old.next()
			fresh.next()
		}
		if a != b && (a == nil || a.Name != "") && (b == nil || b.Name != "") {
			f(a, b)
		}
	}
}

// compareTools compares two tools by their place; nil is behind all.
func compareTools(a, b *Tool) int {
	switch {
	case a == nil:
		return 1
	case b == nil:
		return -1
	}
	return compareProjects(a.Project, b.Project)
}

// shelfReader reads shelves from the first tool to the last.
type shelfReader struct {
	left  shelves
	place int // on the first of them
}

func (v *View) reader() shelfReader {
	if v == nil {
		return shelfReader{}
	}
	return shelfReader{left: v.shelves}
}

func (r *shelfReader) ended() bool { return len(r.left) == 0 }

// tool gives the next tool, or nil behind the last.
func (r *shelfReader) tool() *Tool {
	if r.ended() {
		return nil
	}
	return r.left[0][r.place]
}

func (r *shelfReader) next() {
	if r.place++; r.place == len(r.left[0]) {
		r.left, r.place = r.left[1:], 0
	}
}

// skipShared passes over a shelf that both readers are at the beginning of.
func (r *shelfReader) skipShared(other *shelfReader) bool {
	if r.ended() || other.ended() || r.place > 0 || other.place > 0 {
		return false
	}
	a, b := r.left[0], other.left[0]
	if len(a) != len(b) || &a[0] != &b[0] {
		return false
	}
	r.left, other.left = r.left[1:], other.left[1:]
	return true
}
