package server

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
)

// worthCoding is the size in bytes below which coding an answer saves less than
// its own headers cost.
const worthCoding = 1024

// body is an answer's bytes in each coding, made once, with the header values
// that go with them. It is immutable; the values are slices so that setting a
// header allocates nothing.
type body struct {
	contentType  []string
	cacheControl []string
	vary         []string
	link         []string       // nil where no page follows
	sum          string         // of what the reader learns, whatever the coding
	coded        [codings]coded // coded[identity] always has its bytes
	tried        [codings]bool  // a coding may be no gain
}

type coded struct {
	bytes    []byte
	etag     []string
	length   []string
	encoding []string // nil for identity
}

// Header values that many answers share.
var (
	typeJSON         = []string{"application/json"}
	typeYAML         = []string{"application/yaml"}
	revalidate       = []string{"no-cache"}
	notStored        = []string{"no-store"}
	notSniffed       = []string{"nosniff"}
	varyEncoding     = []string{"Accept-Encoding"}
	varyTypeEncoding = []string{"Accept, Accept-Encoding"}
)

// newBody makes a body in every coding.
func newBody(contentType []string, text []byte) *body {
	b := plainBody(contentType, text, "")
	for c := gzipped; c < codings; c++ {
		b.code(c, thorough)
	}
	return b
}

// with gives the same body with one coding more.
func (b *body) with(c coding) *body {
	more := *b
	more.code(c, brisk)
	return &more
}

// plainBody makes a body in identity alone; code adds others. link is the
// header that leads to the next page, "" if there is none. It is part of what
// the entity tags stand for: a last page that gets a successor has the same
// bytes, and its reader must learn of it.
func plainBody(contentType []string, text []byte, link string) *body {
	b := &body{contentType: contentType, cacheControl: revalidate, vary: varyEncoding, sum: contentSum(text, link)}
	if link != "" {
		b.link = []string{link}
	}
	b.tried[identity] = true
	b.coded[identity] = coded{bytes: text, etag: []string{`"` + b.sum + `"`}, length: []string{strconv.Itoa(len(text))}}
	return b
}

// code adds a coding, unless it does not make the body smaller.
func (b *body) code(c coding, e effort) {
	b.tried[c] = true
	plain := b.coded[identity].bytes
	if len(plain) < worthCoding {
		return
	}
	packed := compress(c, plain, e)
	if len(packed) >= len(plain) {
		return
	}
	name := codingNames[c]
	b.coded[c] = coded{
		bytes: packed, etag: []string{`"` + b.sum + "-" + name + `"`},
		length: []string{strconv.Itoa(len(packed))}, encoding: []string{name},
	}
}

// contentSum is the part of a strong validator (RFC 9110, section 8.8.3) that
// does not depend on the coding. Equal content has equal sums on every replica.
func contentSum(text []byte, link string) string {
	h := sha256.New()
	h.Write(text)
	if link != "" {
		h.Write([]byte("\x00" + link)) // no text holds a zero byte
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// accepted chooses the coding for a request.
func accepted(r *http.Request) coding {
	if values := r.Header["Accept-Encoding"]; len(values) > 0 {
		return pick(single(values))
	}
	return identity
}

// serve sends the body, or 304 if the request holds it already.
func (b *body) serve(w http.ResponseWriter, r *http.Request) int { return b.send(w, r, accepted(r)) }

// send is serve in a coding that was chosen already.
func (b *body) send(w http.ResponseWriter, r *http.Request, c coding) int {
	chosen := &b.coded[c]
	if chosen.bytes == nil {
		chosen = &b.coded[identity]
	}
	h := w.Header()
	h["Etag"] = chosen.etag
	h["Cache-Control"] = b.cacheControl
	h["Vary"] = b.vary
	if values := r.Header["If-None-Match"]; len(values) > 0 && matches(values, chosen.etag[0]) {
		w.WriteHeader(http.StatusNotModified)
		return http.StatusNotModified
	}
	h["Content-Type"] = b.contentType
	h["Content-Length"] = chosen.length
	if chosen.encoding != nil {
		h["Content-Encoding"] = chosen.encoding
	}
	if b.link != nil {
		h["Link"] = b.link
	}
	// An error here is the client's going away: there is nobody to tell.
	_, _ = w.Write(chosen.bytes)
	return http.StatusOK
}
