package archive

import (
	"bytes"
	"errors"
	"io"
)

// slack is how far, in bytes, what is compressed may run ahead of what it inflates
// to. A decoder holds back 32 KiB, and what cannot be compressed grows a little.
const slack = 64 << 10

var errNothing = errors.New("much of it inflates to nothing")

// paced gives compressed bytes as long as something comes of them. Deflate lets
// anybody write block after block that hold nothing but how to read them, a few
// bytes each that take a decoder thousands of steps.
type paced struct {
	*bytes.Reader
	size int64
	rest *io.LimitedReader // of what is inflated; nil before that begins
}

func (p *paced) ahead() bool {
	if p.rest == nil {
		return p.size-int64(p.Len()) > slack
	}
	inflated := MaxInflated + 1 - p.rest.N
	return p.size-int64(p.Len()) > inflated+inflated/16+slack
}

// ReadByte implements io.ByteReader.
func (p *paced) ReadByte() (byte, error) {
	if p.ahead() {
		return 0, errNothing
	}
	return p.Reader.ReadByte()
}

// Read implements io.Reader.
func (p *paced) Read(b []byte) (int, error) {
	if p.ahead() {
		return 0, errNothing
	}
	return p.Reader.Read(b)
}
