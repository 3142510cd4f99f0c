package server

import (
	"crypto/rand"
	"sync"
)

const (
	// keptChanges and keptChangeBytes bound the changes that are kept for readers
	// who come back or read slowly.
	keptChanges     = 10_000
	keptChangeBytes = 16 << 20
	// manyTools is from how many tools on the journal looks whether most of those
	// whose events it counts are gone.
	manyTools = 10_000
)

// audience is whom a stream of events is for: anybody, or the tool of a project,
// who learns of its own images, private ones too, beside the standard ones.
type audience string

const anybody audience = ""

// journal keeps the newest changes, for all readers at once: a reader is no more
// than a position in it, so a slow one costs nobody anything.
//
// The events of each stream are counted apart. An id is that count, so that gaps
// in one stream's ids tell nothing of what another one shows, and a stream on
// which nothing happens is not forgotten while others go on.
type journal struct {
	most, mostBytes int // of the changes that are kept
	manyTools       int

	mu      sync.Mutex // never held while anything is sent
	epoch   string     // of these counts, which begin anew with each process, and now and then
	pages   *pages     // what readers have who were told everything; nil before the first
	changes []*change  // the newest last
	first   uint64     // the place of the first that is kept
	bytes   int
	counts  counts
	grown   chan struct{} // closed and made anew when something was added
}

// counts are how many events there were, by the streams that they are on.
type counts struct {
	all    uint64 // on every stream
	public uint64 // of tools' images, on the public one
	tools  map[string]uint64
}

// position is how far a reader got.
type position struct {
	audience audience
	epoch    string
	place    uint64 // of the next change to look at
	count    uint64 // of the stream's events so far
}

func newJournal() *journal {
	return &journal{
		epoch: newEpoch(), most: keptChanges, mostBytes: keptChangeBytes, manyTools: manyTools,
		grown: make(chan struct{}), counts: counts{tools: map[string]uint64{}},
	}
}

func newEpoch() string { return rand.Text()[:13] }

// write notes what changed on the way to pages. ok is false if that was too much
// to be told: readers begin anew then.
func (j *journal) write(p *pages, news []*change, ok bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.pages = p
	switch {
	case !ok:
		j.drop(len(j.changes))
		j.first++ // readers at the end are not there any more
		j.counts.all++
	case len(news) == 0:
		return
	}
	for _, c := range news {
		j.counts.note(c)
		j.bytes += len(c.text)
	}
	j.changes = append(j.changes, news...)
	surplus := 0
	for bytes := j.bytes; len(j.changes)-surplus > j.most || bytes > j.mostBytes; surplus++ {
		bytes -= len(j.changes[surplus].text)
	}
	j.drop(surplus)
	if len(j.counts.tools) > max(j.manyTools, 2*p.tools()) {
		j.forget()
	}
	close(j.grown)
	j.grown = make(chan struct{})
}

// forget begins anew, without the counts of tools that are long gone: they come and
// go for as long as the process lives. All readers list again then, because a
// count that was given twice would mean two things. The caller holds the lock.
func (j *journal) forget() {
	j.drop(len(j.changes))
	j.first++ // readers at the end are not there any more
	j.epoch, j.counts = newEpoch(), counts{tools: map[string]uint64{}}
}

// tools is how many tools there are now.
func (p *pages) tools() int {
	if p == nil || p.snapshot.Users.View == nil {
		return 0
	}
	return p.snapshot.Users.View.Tools
}

// drop forgets the oldest changes. The caller holds the lock.
func (j *journal) drop(n int) {
	for i, c := range j.changes[:n] {
		j.bytes -= len(c.text)
		j.changes[i] = nil // the array lives on for a while
	}
	j.changes = j.changes[n:]
	j.first += uint64(n)
}

func (c *counts) note(one *change) {
	switch {
	case one.tool == "":
		c.all++
		return
	case one.reach&toPublic != 0:
		c.public++
	}
	if one.reach&toTools != 0 {
		c.tools[one.tool]++
	}
}

func (c *counts) of(a audience) uint64 {
	if a == anybody {
		return c.all + c.public
	}
	return c.all + c.tools[string(a)]
}

// end gives the position of a reader who begins now, and what lists hold there.
func (j *journal) end(a audience) (position, *pages) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return position{audience: a, epoch: j.epoch, place: j.first + uint64(len(j.changes)), count: j.counts.of(a)}, j.pages
}

// resume gives the position behind an event; false if the event is not known, or
// not all that came after it is kept.
func (j *journal) resume(a audience, id string) (position, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	n, ok := parseID(id, j.epoch)
	if !ok || n > j.counts.of(a) {
		return position{}, false
	}
	missing, at := j.counts.of(a)-n, len(j.changes)
	for ; missing > 0 && at > 0; at-- {
		if j.changes[at-1].shows(a) {
			missing--
		}
	}
	return position{audience: a, epoch: j.epoch, place: j.first + uint64(at), count: n}, missing == 0
}

// read gives some of what a reader has yet to be told, and a channel that is
// closed when there is more; false if not all of it is kept.
func (j *journal) read(p *position) (news []*change, grown <-chan struct{}, ok bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if p.place < j.first {
		return nil, nil, false
	}
	for _, c := range j.changes[p.place-j.first:] {
		if len(news) == readAtOnce {
			break
		}
		p.place++
		if c.shows(p.audience) {
			news = append(news, c)
		}
	}
	return news, j.grown, true
}

// readAtOnce is how many changes a reader takes at a time. They stay in memory
// until it has them, whatever the journal forgets meanwhile.
const readAtOnce = 64
