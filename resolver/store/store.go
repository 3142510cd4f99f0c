package store

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/gofrs/flock"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

const (
	lockName         = "lock"
	layoutName       = "catalog"
	generationPrefix = "generation-"

	// DefaultLimit is how large a generation may be, in bytes: some ten times what
	// 100,000 repositories take.
	DefaultLimit = 256 << 20
)

// Store is a directory that keeps states. [Store.Load] and [Store.Write] are
// called one after the other.
type Store struct {
	dir    string
	limit  int64
	lock   *flock.Flock
	layout layout
	newest uint64 // the greatest number that a generation had
	// kept are the generations that are known to be whole, the newest first; two
	// at most.
	kept []kept
}

// kept is a generation that is whole, and what of the layout it needs.
type kept struct {
	number           uint64
	manifest, chosen string
	contents         []string
}

// Open takes a directory into use, and makes it if it is not there. limit bounds
// one generation, in bytes; 0 means [DefaultLimit]. Two of them are kept, and a
// third is there while it is written. Errors are of kind fault.Usage: the
// directory cannot be used, or another process uses it.
func Open(dir string, limit int64) (*Store, error) {
	if limit <= 0 {
		limit = DefaultLimit
	}
	s := &Store{dir: dir, limit: limit, layout: layout{filepath.Join(dir, layoutName)}}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fault.Wrap(fault.Usage, "open state", dir, withoutPath(err))
	}
	if err := s.takeLock(); err != nil {
		return nil, err
	}
	if err := s.prepare(); err != nil {
		return nil, errors.Join(fault.Wrap(fault.Usage, "open state", dir, err), s.Close())
	}
	return s, nil
}

// prepare removes what crashes left, and makes the directories durable.
func (s *Store) prepare() error {
	if err := errors.Join(sweep(s.dir), s.layout.open(), syncDir(s.dir)); err != nil {
		return err
	}
	numbers, err := s.generations()
	if len(numbers) > 0 {
		s.newest = numbers[0]
	}
	return err
}

func withoutPath(err error) error {
	if own, ok := errors.AsType[*fs.PathError](err); ok {
		return own.Err
	}
	return err
}

// Close lets another process use the directory.
func (s *Store) Close() error { return s.lock.Unlock() }

// Damage is a generation that was passed over.
type Damage struct {
	// File is its name in the directory.
	File string
	// Err is of kind fault.Invalid if it is not what was written, fault.Unsupported
	// if another version of Bayplan wrote it, fault.TooLarge if it has more bytes
	// than are allowed.
	Err error
}

// Load gives the newest state that is whole, or nil if there is none, and what it
// passed over. It never fails otherwise: without a state one begins anew.
func (s *Store) Load() (*State, []Damage) {
	var passed []Damage
	numbers, err := s.generations()
	if err != nil {
		passed = append(passed, Damage{File: ".", Err: fault.Wrap(fault.Invalid, "list generations", s.dir, err)})
	}
	for _, number := range numbers {
		state, err := s.read(number)
		if err == nil {
			s.kept = []kept{keptOf(number, state)}
			return state, passed
		}
		passed = append(passed, Damage{File: fileName(number), Err: err})
	}
	return nil, passed
}

// generations gives the numbers of the generations that there are, the newest
// first.
func (s *Store) generations() ([]uint64, error) {
	entries, err := os.ReadDir(s.dir)
	var numbers []uint64
	for _, entry := range entries {
		digits, found := strings.CutPrefix(entry.Name(), generationPrefix)
		number, err := strconv.ParseUint(digits, 10, 62) // there is always a next one
		if found && err == nil && entry.Name() == fileName(number) {
			numbers = append(numbers, number)
		}
	}
	slices.SortFunc(numbers, func(a, b uint64) int { return cmp.Compare(b, a) })
	return numbers, err
}

func fileName(number uint64) string { return fmt.Sprintf("%s%020d", generationPrefix, number) }

func (s *Store) read(number uint64) (state *State, err error) {
	name := fileName(number)
	defer func() { err = sided(err, name) }()
	file, err := openFile(filepath.Join(s.dir, name))
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // nothing was written
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() > s.limit {
		return nil, fault.New(fault.TooLarge, "", "", "it has %d bytes, more than the %d that are allowed", info.Size(), s.limit)
	}
	if state, err = decode(file, info.Size()); err != nil {
		return nil, err
	}
	if state.Catalog != nil {
		err = s.layout.fill(state.Catalog)
	}
	return state, err
}

// sided gives an error its place.
func sided(err error, name string) error {
	if err == nil {
		return nil
	}
	own, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return fault.Wrap(fault.Invalid, "read state", name, err)
	}
	e := *own
	e.Op, e.Side = "read state", name
	return &e
}

func keptOf(number uint64, s *State) kept {
	k := kept{number: number}
	if s.Catalog != nil {
		k.manifest, k.chosen = s.Catalog.Manifest, s.Catalog.Chosen
		k.contents = slices.Sorted(maps.Keys(s.Catalog.Contents))
	}
	return k
}

// Write puts a state in place of the newest, which stays as the one before. It
// gives the size in bytes. On an error what there was stays: of kind
// fault.TooLarge for a state beyond the limit, else that of the file system.
func (s *Store) Write(state *State) (size int64, err error) {
	if err := s.again(); err != nil {
		return 0, err
	}
	if state.Catalog != nil {
		if err := s.layout.put(state.Catalog); err != nil {
			return 0, err
		}
	}
	number := s.newest + 1
	counted := &counter{}
	err = writeFile(filepath.Join(s.dir, fileName(number)), func(to io.Writer) error {
		counted.to = to
		return encode(counted, state, s.limit)
	})
	if err != nil {
		return 0, err
	}
	s.newest = number
	s.kept = append([]kept{keptOf(number, state)}, s.kept...)
	s.kept = s.kept[:min(len(s.kept), 2)]
	return counted.n, s.tidy()
}

// tidy removes what is not kept. The layout is the last to lose anything.
func (s *Store) tidy() error {
	numbers, err := s.generations()
	for _, number := range numbers {
		if !slices.ContainsFunc(s.kept, func(k kept) bool { return k.number == number }) {
			err = errors.Join(err, os.RemoveAll(filepath.Join(s.dir, fileName(number))))
		}
	}
	return errors.Join(err, s.layout.list(s.kept), s.layout.prune(s.kept))
}

// counter counts what is written.
type counter struct {
	to io.Writer
	n  int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.to.Write(p)
	c.n += int64(n)
	return n, err
}
