package store

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// temporary begins the names of files that are being written. What a crash left
// of them is removed when the directory is opened.
const temporary = "tmp-"

// writeFile puts a file in place, whole or not at all: it is written beside, made
// durable, and renamed; then the directory is made durable. Only the owner may
// read it, because it may tell of what is private.
func writeFile(path string, write func(io.Writer) error) (err error) {
	dir := filepath.Dir(path)
	file, err := os.CreateTemp(dir, temporary+"*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, ignoring(os.Remove(file.Name()), os.ErrNotExist))
		}
	}()
	buffered := bufio.NewWriterSize(file, 64<<10)
	if err := errors.Join(write(buffered), buffered.Flush()); err != nil {
		return errors.Join(err, file.Close())
	}
	if err := errors.Join(file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := errors.Join(removeDir(path), os.Rename(file.Name(), path)); err != nil {
		return err
	}
	return syncDir(dir)
}

// removeDir removes a directory that stands where a file has to.
func removeDir(path string) error {
	if info, err := os.Lstat(path); err != nil || !info.IsDir() {
		return nil
	}
	return os.RemoveAll(path)
}

func syncDir(dir string) error {
	file, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}

func ignoring(err, what error) error {
	if errors.Is(err, what) {
		return nil
	}
	return err
}

// readFile reads a regular file of at most limit bytes.
func readFile(path string, limit int64) ([]byte, error) {
	file, err := openFile(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // nothing was written
	data, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("it has more than %d bytes", limit)
	}
	return data, err
}

// openFile opens a regular file. A pipe is not opened: that would wait for
// whoever writes into it.
func openFile(path string) (*os.File, error) {
	switch info, err := os.Lstat(path); {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errors.New("it is no file")
	}
	return os.Open(path)
}

// sweep removes what crashes left in a directory. Directories are nobody's: only
// files are written.
func sweep(dir string) error {
	left, err := filepath.Glob(filepath.Join(dir, temporary+"*"))
	for _, path := range left {
		if info, gone := os.Lstat(path); gone != nil || info.IsDir() {
			continue
		}
		err = errors.Join(err, os.Remove(path))
	}
	return err
}
