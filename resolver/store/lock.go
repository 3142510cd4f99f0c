package store

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// takeLock makes the directory this process's own. Errors are of kind fault.Usage.
func (s *Store) takeLock() error {
	lock := flock.New(filepath.Join(s.dir, lockName))
	// A pipe is not opened: that would wait for whoever writes into it.
	if info, err := os.Lstat(lock.Path()); err == nil && !info.Mode().IsRegular() {
		return fault.New(fault.Usage, "open state", s.dir, "what is called %s in it is no file", lockName).
			WithHint("remove it: bayplan makes its own")
	}
	switch mine, err := lock.TryLock(); {
	case err != nil:
		return fault.New(fault.Usage, "open state", s.dir, "%w", withoutPath(err)).
			WithHint("the directory has to be this process's own to write in")
	case !mine:
		return fault.New(fault.Usage, "open state", s.dir, "another process uses it").
			WithHint("give each bayplan a directory of its own, or wait until the other one has ended")
	}
	s.lock = lock
	return nil
}

// keepLock sees that the lock is the one that another process would find. Who
// empties the directory takes the lock's file away too, and a process that is
// started then finds none; so it is taken anew, or the directory is the other's.
func (s *Store) keepLock() error {
	mine, err := s.lock.Stat()
	there, gone := os.Lstat(s.lock.Path())
	if err == nil && gone == nil && os.SameFile(mine, there) {
		return nil
	}
	before := s.lock
	if err := s.takeLock(); err != nil {
		return err
	}
	return before.Unlock()
}

// again makes what was made when the directory was opened, where somebody has
// removed it since: a mended disk is written to without a restart.
func (s *Store) again() error {
	return errors.Join(os.MkdirAll(s.dir, 0o700), s.keepLock(), os.MkdirAll(s.layout.blobs(), 0o700))
}
