package rotated

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// read reads a file. was tells whether it was there before; content is nil if there is
// no file, which is an error unless it may be missing and always was. A pipe is read at
// first only: opening it again would wait for somebody who writes.
func read(source Source, was bool) (content []byte, regular bool, err error) {
	info, err := os.Stat(source.Path)
	if errors.Is(err, fs.ErrNotExist) && source.Optional && !was {
		return nil, true, nil
	}
	if err != nil {
		return nil, false, withoutPath(err)
	}
	regular = info.Mode().IsRegular()
	if !regular && (was || info.IsDir()) {
		return nil, false, errors.New("it is no file")
	}
	file, err := os.Open(source.Path)
	if err != nil {
		return nil, false, withoutPath(err)
	}
	defer func() { _ = file.Close() }() // nothing was written
	content, err = io.ReadAll(io.LimitReader(file, source.MaxBytes+1))
	switch {
	case err != nil:
		return nil, false, withoutPath(err)
	case int64(len(content)) > source.MaxBytes:
		return nil, false, fmt.Errorf("the file has more than %d bytes", source.MaxBytes)
	case was && len(content) == 0:
		return nil, false, errors.New("it is empty")
	}
	return content, regular, nil
}

// withoutPath is an error of the system without the path, which the message has
// already.
func withoutPath(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}
