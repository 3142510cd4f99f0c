package nemesis

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Kind is what a read asked for.
type Kind uint8

// The kinds of reads.
const (
	// PublicList is /v1/images.
	PublicList Kind = iota
	// ToolList is /v1/tool/{tool}/images.
	ToolList
	// PublicImage is /v1/images/{name}.
	PublicImage
	// Resolve is /v1/tool/{tool}/images/resolve with one name.
	Resolve
	// LegacyYAML and LegacyJSON are /v1/image-config.
	LegacyYAML
	LegacyJSON
)

// Question is one thing that readers ask.
type Question struct {
	Kind Kind
	Path string
	Tool string // who asks; "" for nobody in particular
	// Name is the image that is asked for by name, Project and Tag what it is made
	// of if a tool built it.
	Name, Project, Tag string
}

// Codings of answers.
const (
	Identity = "identity"
	Gzip     = "gzip"
	Zstd     = "zstd"
)

// Read is one answer, or the lack of one.
type Read struct {
	Incarnation int // of those that [Recorder.Start] gave
	Question    *Question
	Coding      string // that was asked for
	Held        []string
	Start, End  Moment
	// Status is 0 if there was no answer.
	Status int
	ETag   string
	// Encoding is the Content-Encoding, Body what came in it.
	Encoding string
	Body     []byte
	Failure  string
}

// Incarnation is one process of a replica.
type Incarnation struct {
	Replica int
	// Began is when it was started and Ready when it first answered.
	Began, Ready Moment
	// Ended is when it was struck; zero while it runs.
	Ended Moment
	// Clean tells that it ended by itself, as it was asked to.
	Clean bool
}

// window is a time in which reads of a replica may fail.
type window struct {
	replica  int
	from, to Moment // to is zero while it lasts
}

// Recorder takes down a history. It is safe for concurrent use.
type Recorder struct {
	World *World

	mu           sync.Mutex
	reads        []read
	incarnations []Incarnation
	windows      []window
	cuts         []window        // Harbor is out of a replica's reach
	days         map[int][]dayOf // by replica
	bodies       map[[sha256.Size]byte]*body
	tags         map[string]*tagOf
	faults       []Violation // seen while recording
	counts       Counts
}

// dayOf is a UTC day that a replica's clock shows from a moment on.
type dayOf struct {
	from Moment
	day  string
}

// read is what is kept of a [Read].
type read struct {
	incarnation int32
	status      int16
	question    *Question
	coding      string
	etag        string
	held        []string
	start, end  Moment
	body        *body // nil where there was none
	failure     string
}

// body is one sequence of bytes that was an answer.
type body struct {
	sum      [sha256.Size]byte // of what was sent
	encoding string
	content  string // sum of what it says, whatever the coding
	size     int
	seen     *seen
}

// tagOf is an entity tag and the bytes that it stood for first.
type tagOf struct {
	body     *body
	question *Question
}

// Counts sums a history up.
type Counts struct {
	Reads, OK, NotModified, NotFound, Failed int
	Bodies                                   int
}

// NewRecorder makes an empty history of a world.
func NewRecorder(w *World) *Recorder {
	return &Recorder{World: w, bodies: map[[sha256.Size]byte]*body{}, tags: map[string]*tagOf{}, days: map[int][]dayOf{}}
}

// Start notes another process of a replica, and gives its number.
func (r *Recorder) Start(replica int, at Moment) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.incarnations = append(r.incarnations, Incarnation{Replica: replica, Began: at})
	return len(r.incarnations) - 1
}

// Ready notes that a process answers from now on.
func (r *Recorder) Ready(incarnation int, at Moment) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.incarnations[incarnation].Ready = at
	r.close(r.incarnations[incarnation].Replica, at)
}

// End notes that a process was struck, or was asked to end and did.
func (r *Recorder) End(incarnation int, at Moment, clean bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.incarnations[incarnation].Ended, r.incarnations[incarnation].Clean = at, clean
}

// MayFail notes that reads of a replica may fail from now on, until
// [Recorder.Works] or [Recorder.Ready].
func (r *Recorder) MayFail(replica int, at Moment) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.windows = append(r.windows, window{replica: replica, from: at})
}

// Works ends what MayFail began.
func (r *Recorder) Works(replica int, at Moment) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.close(replica, at)
}

func (r *Recorder) close(replica int, at Moment) {
	for n := range r.windows {
		if w := &r.windows[n]; w.replica == replica && w.to == 0 {
			w.to = at
		}
	}
}

// Cut notes that Harbor is out of a replica's reach, or is again.
func (r *Recorder) Cut(replica int, at Moment, cut bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if cut {
		r.cuts = append(r.cuts, window{replica: replica, from: at})
		return
	}
	for n := range r.cuts {
		if w := &r.cuts[n]; w.replica == replica && w.to == 0 {
			w.to = at
		}
	}
}

// Day notes which UTC day the clock of a replica shows from now on.
func (r *Recorder) Day(replica int, at Moment, day string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.days[replica] = append(r.days[replica], dayOf{at, day})
}

// Counts sums up what was recorded.
func (r *Recorder) Counts() Counts {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.counts
	c.Bodies = len(r.bodies)
	return c
}

// Add takes down a read. What is in a body is looked at when it is seen first.
func (r *Recorder) Add(in Read) {
	kept := read{
		incarnation: int32(in.Incarnation), status: int16(in.Status), question: in.Question, coding: in.Coding,
		etag: in.ETag, held: in.Held, start: in.Start, end: in.End, failure: in.Failure,
	}
	if in.Status == 200 || in.Status == 404 {
		kept.body = r.bodyOf(in)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reads = append(r.reads, kept)
	r.counts.Reads++
	switch in.Status {
	case 200:
		r.counts.OK++
		r.tag(kept, len(r.reads)-1)
	case 304:
		r.counts.NotModified++
	case 404:
		r.counts.NotFound++
	default:
		r.counts.Failed++
	}
}

// tag holds an entity tag against the bytes that came with it: for one question,
// and coding, one tag is one sequence of bytes. The caller holds the lock.
func (r *Recorder) tag(one read, number int) {
	key := one.question.Path + "\n" + one.body.encoding + "\n" + one.etag
	if before := r.tags[key]; before == nil {
		r.tags[key] = &tagOf{one.body, one.question}
	} else if before.body.sum != one.body.sum {
		r.faults = append(r.faults, Violation{Rule: RuleETag, Read: number, Text: fmt.Sprintf("%s (%s): ETag %s came with two bodies", one.question.Path, one.body.encoding, one.etag)})
	}
}

// bodyOf gives the body of a read, the same one for the same bytes.
func (r *Recorder) bodyOf(in Read) *body {
	h := sha256.New()
	fmt.Fprintf(h, "%d\n%s\n%d\n", in.Question.Kind, in.Encoding, in.Status)
	if in.Question.Kind == Resolve || in.Question.Kind == PublicImage {
		fmt.Fprintf(h, "%s\n", in.Question.Name)
	}
	h.Write(in.Body)
	var sum [sha256.Size]byte
	h.Sum(sum[:0])
	r.mu.Lock()
	known := r.bodies[sum]
	r.mu.Unlock()
	if known != nil {
		return known
	}
	b := &body{sum: sha256.Sum256(in.Body), encoding: in.Encoding, size: len(in.Body)}
	plain, err := decoded(in.Encoding, in.Body)
	if err != nil {
		b.seen = &seen{problems: []string{err.Error()}}
	} else {
		b.content = contentSum(plain)
		b.seen = r.World.look(in.Question, in.Status, plain)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if known := r.bodies[sum]; known != nil {
		return known
	}
	r.bodies[sum] = b
	return b
}

// contentSum is what the entity tags of a text without a Link begin with: half of
// its SHA-256 (docs/reliability.md says so).
func contentSum(text []byte) string {
	sum := sha256.Sum256(text)
	return fmt.Sprintf("%x", sum[:16])
}

// maxBody bounds what a body may be decoded to, in bytes.
const maxBody = 16 << 20

func decoded(encoding string, text []byte) ([]byte, error) {
	var from io.Reader = bytes.NewReader(text)
	switch encoding {
	case Identity:
		return text, nil
	case Gzip:
		unpacked, err := gzip.NewReader(from)
		if err != nil {
			return nil, fmt.Errorf("gzip: %w", err)
		}
		from = unpacked
	case Zstd:
		unpacked, err := zstd.NewReader(from, zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, fmt.Errorf("zstd: %w", err)
		}
		defer unpacked.Close()
		from = unpacked
	default:
		return nil, fmt.Errorf("nobody asked for the coding %q", encoding)
	}
	plain, err := io.ReadAll(io.LimitReader(from, maxBody))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", encoding, err)
	}
	return plain, nil
}
