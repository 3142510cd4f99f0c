// Package rotated follows small files that others replace while a process runs:
// accounts, secrets, keys, authorities.
//
// What a file holds is used until something else that can be used is there. A file
// that is gone, empty, half written or no good leaves what it held before in use, and
// that is said once: a service with yesterday's secret is better than none. What the
// content means, and whether it is any good, whoever follows the file says.
//
// Certificates of listeners, of which several files belong together, are followed by
// command serve itself.
package rotated

import (
	"crypto/sha256"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// Every is how long what was read of a file is used before the file is looked at
// again.
const Every = 2 * time.Second

// Files are the files that a process follows. The nil pointer follows files too, and
// says nothing.
type Files struct {
	log *slog.Logger

	mu    sync.Mutex
	looks []func()
}

// New makes an empty set; what happens to its files goes to the log, nil discards it.
func New(log *slog.Logger) *Files { return &Files{log: log} }

// Look looks at all files at once, however long ago that was done.
func (f *Files) Look() {
	if f == nil {
		return
	}
	f.mu.Lock()
	looks := f.looks
	f.mu.Unlock()
	for _, look := range looks {
		look()
	}
}

func (f *Files) logger() *slog.Logger {
	if f == nil || f.log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return f.log
}

func (f *Files) add(look func()) {
	if f == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.looks = append(f.looks, look)
}

// Parse makes something of what a file holds. content is nil for a file that was not
// there from the beginning, where that is allowed. Its errors must not show content.
type Parse[T any] func(content []byte) (T, error)

// Source says which file is followed.
type Source struct {
	// What the file is, for the log: the flag or setting that names it.
	What string
	Path string
	// MaxBytes bounds what is read.
	MaxBytes int64
	// Optional admits that the file is not there at first.
	Optional bool
}

// File is a file that is followed. It is safe for concurrent use.
type File[T any] struct {
	source Source
	parse  Parse[T]
	log    *slog.Logger
	began  time.Time
	fixed  bool // it is no regular file, which is read once

	inUse  atomic.Pointer[used[T]]
	looks  sync.Mutex   // one at a time
	looked atomic.Int64 // when the file was last looked at, counted from began
}

// used is what was made of a file as it was read.
type used[T any] struct {
	value     T
	there     bool // there was a file
	sum       [sha256.Size]byte
	changes   uint64 // how often it was replaced
	complaint string // why what is there now is not used; was logged
}

// Follow reads a file and follows it from then on. Its errors are those of reading
// and parsing, and say nothing of the path. A pipe is read once.
func Follow[T any](files *Files, source Source, parse Parse[T]) (*File[T], error) {
	f := &File[T]{source: source, parse: parse, log: files.logger(), began: time.Now()}
	content, regular, err := read(source, false)
	if err != nil {
		return nil, err
	}
	value, err := parse(content)
	if err != nil {
		return nil, err
	}
	f.fixed = !regular
	f.inUse.Store(&used[T]{value: value, there: content != nil, sum: sha256.Sum256(content)})
	files.add(f.Look)
	return f, nil
}

// Now gives what is in use, and looks at the file first if that was not done for
// [Every]. One caller at a time looks; the others do not wait for it.
func (f *File[T]) Now() T {
	f.lookNowAndThen()
	return f.inUse.Load().value
}

// Changes counts how often the file was replaced by something that is used. It looks
// as Now does.
func (f *File[T]) Changes() uint64 {
	f.lookNowAndThen()
	return f.inUse.Load().changes
}

func (f *File[T]) lookNowAndThen() {
	last, now := f.looked.Load(), int64(time.Since(f.began))
	if now-last >= int64(Every) && f.looked.CompareAndSwap(last, now) {
		f.Look()
	}
}

// Look takes what the file holds now into use, if it can be used.
func (f *File[T]) Look() {
	if f.fixed {
		return
	}
	f.looks.Lock()
	defer f.looks.Unlock()
	old := f.inUse.Load()
	content, _, err := read(f.source, old.there)
	there, sum := content != nil, sha256.Sum256(content)
	if err == nil && there == old.there && sum == old.sum {
		f.settle(old)
		return
	}
	var value T
	if err == nil {
		value, err = f.parse(content)
	}
	if err != nil {
		f.complain(old, err)
		return
	}
	f.inUse.Store(&used[T]{value: value, there: there, sum: sum, changes: old.changes + 1})
	f.log.Info("a file was replaced, and is in use", "what", f.source.What, "file", f.source.Path)
}

// settle notes that the file is as it was.
func (f *File[T]) settle(old *used[T]) {
	if old.complaint == "" {
		return
	}
	next := *old
	next.complaint = ""
	f.inUse.Store(&next)
}

// complain says what is wrong, unless that was said last.
func (f *File[T]) complain(old *used[T], err error) {
	if old.complaint == err.Error() {
		return
	}
	next := *old
	next.complaint = err.Error()
	f.inUse.Store(&next)
	f.log.Warn("a file cannot be used as it is now; what it held before stays in use", "what", f.source.What, "file", f.source.Path, "error", err)
}
