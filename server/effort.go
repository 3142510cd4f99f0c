package server

import (
	"bytes"
	"io"
	"math/bits"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// effort is how much work is put into making a body small.
type effort struct {
	gzip int
	zstd zstd.EncoderLevel
	// spare are coders to be used again, a pool for each size of their tables: one
	// has up to a megabyte of them, which is more than most answers.
	spare *[largestWindow + 1]sync.Pool
}

// Efforts, from bytes that are made once and sent for days to those that are
// made for one request.
var (
	thorough = newEffort(gzip.BestCompression, zstd.SpeedBetterCompression)
	brisk    = newEffort(gzip.DefaultCompression, zstd.SpeedDefault)
	hasty    = newEffort(gzip.BestSpeed, zstd.SpeedFastest)
)

func newEffort(gzip int, zstd zstd.EncoderLevel) effort {
	return effort{gzip: gzip, zstd: zstd, spare: new([largestWindow + 1]sync.Pool)}
}

// coder codes what is written to it, and can be used again: the same text is the
// same bytes, whatever it coded before.
type coder interface {
	io.WriteCloser
	Reset(to io.Writer)
}

// compress codes a text; c is not identity.
func compress(c coding, plain []byte, e effort) []byte {
	var out bytes.Buffer
	pool := &e.spare[sizeClass(c, len(plain))]
	w, ok := pool.Get().(coder)
	if ok {
		w.Reset(&out)
	} else {
		w = e.writer(c, &out, len(plain))
	}
	// The writer's errors are those of the buffer, which has none.
	_, _ = w.Write(plain)
	_ = w.Close()
	w.Reset(io.Discard) // it must not keep the text
	pool.Put(w)
	return out.Bytes()
}

// The window bounds the memory of a zstd encoder, which makes tables to match. Both
// are powers of two.
const (
	smallestWindow = 10
	largestWindow  = 20
)

// sizeClass is the power of two of the window that a coding of so many bytes needs,
// and 0 for gzip, whose is always the same.
func sizeClass(c coding, size int) int {
	if c == gzipped {
		return 0
	}
	return max(smallestWindow, min(largestWindow, bits.Len(uint(size))))
}

// writer codes what is written to it; c is not identity. About so many bytes
// are expected.
func (e effort) writer(c coding, to io.Writer, size int) coder {
	if c == gzipped {
		w, err := gzip.NewWriterLevel(to, e.gzip)
		if err != nil {
			panic("server: " + err.Error()) // no such level
		}
		return w
	}
	w, err := zstd.NewWriter(to, zstd.WithEncoderLevel(e.zstd), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<sizeClass(c, size)))
	if err != nil {
		panic("server: " + err.Error()) // no such option
	}
	return w
}
