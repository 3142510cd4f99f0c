package archive

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Walk calls f with each entry of an archive, and with its content, within the
// bounds. What an entry may be is f's to say: [Read] says it of catalog charts.
// Besides f's own, errors match [ErrTooLarge] where a bound is met; others mean
// that the archive is damaged, or that something follows its end.
func Walk(data []byte, f func(header *tar.Header, content io.Reader) error) error {
	if len(data) > MaxCompressed {
		return fmt.Errorf("the archive has %d bytes, at most %d are read: %w", len(data), MaxCompressed, ErrTooLarge)
	}
	source := &paced{Reader: bytes.NewReader(data), size: int64(len(data))}
	inflated, err := gzip.NewReader(source)
	if err != nil {
		return fmt.Errorf("the archive is not gzip: %w", err)
	}
	if err := checkBlocks(data[len(data)-source.Len():]); err != nil {
		return err
	}
	inflated.Multistream(false)
	// Headers and padding count as well: an archive of empty files is bounded too.
	budget := &io.LimitedReader{R: inflated, N: MaxInflated + 1}
	source.rest = budget
	err = walkTar(&metered{from: budget}, f)
	if budget.N <= 0 {
		return errInflated
	}
	if err != nil {
		return err
	}
	return readEnd(budget, source)
}

var errInflated = fmt.Errorf("the archive inflates to more than %d bytes: %w", MaxInflated, ErrTooLarge)

func walkTar(source *metered, f func(*tar.Header, io.Reader) error) error {
	r := tar.NewReader(source)
	for entries := 1; ; entries++ {
		source.headers = true
		header, err := r.Next()
		source.headers = false
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, ErrTooLarge):
			return err
		case err != nil:
			return fmt.Errorf("the archive is damaged: %w", err)
		case entries > MaxEntries:
			return fmt.Errorf("the archive has more than %d entries: %w", MaxEntries, ErrTooLarge)
		}
		if err := walkEntry(header, r, f); err != nil {
			return err
		}
	}
}

func walkEntry(header *tar.Header, content io.Reader, f func(*tar.Header, io.Reader) error) error {
	if header.Typeflag == tar.TypeXGlobalHeader {
		return checkGlobal(header)
	}
	if err := checkSparse(header); err != nil {
		return err
	}
	if err := f(header, content); err != nil {
		return err
	}
	// What nobody wanted is read here: the next header is not to pay for it.
	if _, err := io.Copy(io.Discard, content); err != nil {
		return fmt.Errorf("entry %q is damaged: %w", clip(header.Name), err)
	}
	return nil
}

// checkSparse refuses files with holes, which have no bytes for them: a kilobyte
// may declare, and be read as, gigabytes.
func checkSparse(header *tar.Header) error {
	sparse := header.Typeflag == tar.TypeGNUSparse
	for key := range header.PAXRecords {
		sparse = sparse || strings.HasPrefix(key, "GNU.sparse.")
	}
	if sparse {
		return fmt.Errorf("entry %q is a sparse file", clip(header.Name))
	}
	return nil
}

// clip cuts a name that may be of any length before it is shown.
func clip(name string) string { return name[:min(len(name), MaxName)] }

// readEnd reads what follows the tar's end, so that gzip's own checksum is
// verified and nothing hides behind it.
func readEnd(rest *io.LimitedReader, source *paced) error {
	padding := &zeros{}
	_, err := io.Copy(padding, rest)
	switch {
	case rest.N <= 0:
		return errInflated
	case err != nil:
		return fmt.Errorf("the archive is damaged: %w", err)
	case padding.other:
		return errors.New("something follows the end of the archive's last file")
	}
	if source.Len() > 0 {
		return fmt.Errorf("%d bytes follow the end of the archive", source.Len())
	}
	return nil
}

// zeros takes anything and tells whether it was only the padding of a tar.
type zeros struct{ other bool }

func (z *zeros) Write(p []byte) (int, error) {
	z.other = z.other || len(bytes.Trim(p, "\x00")) > 0
	return len(p), nil
}
