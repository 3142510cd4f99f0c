package archive

import (
	"fmt"
	"io"
)

// metered bounds what a tar's headers take. They may hold more than a name: a
// reader keeps a megabyte for each, several times over.
type metered struct {
	from    io.Reader
	headers bool  // what is read now is headers, and the padding before them
	taken   int64 // by headers
}

// Read implements io.Reader.
func (m *metered) Read(p []byte) (int, error) {
	if !m.headers {
		return m.from.Read(p)
	}
	left := MaxHeaders - m.taken
	if left <= 0 {
		return 0, fmt.Errorf("the headers of the archive have more than %d bytes: %w", MaxHeaders, ErrTooLarge)
	}
	n, err := m.from.Read(p[:min(int64(len(p)), left)])
	m.taken += int64(n)
	return n, err
}
