package harbortest

import (
	"bytes"
	"compress/gzip"
	"io"
	"sync"
)

// bombBytes is what the bomb inflates to.
const bombBytes = 256 << 20

// bomb makes the bomb when it is first wanted.
var bomb = sync.OnceValue(func() string {
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestSpeed)
	if err != nil {
		panic(err) // the level is one
	}
	_, _ = io.CopyN(w, zeroes{}, bombBytes) // to memory
	_ = w.Close()
	return packed.String()
})

// zeroes are without end.
type zeroes struct{}

// Read implements io.Reader.
func (zeroes) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
