package harbortest

import (
	"bytes"
	"context"
	"io"
	"log"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// blobLimit bounds what one request may upload.
const blobLimit = 256 << 20

// blobStore keeps blobs in memory, once each whatever repository they are in. It
// is the blob handler of the in-process registry that does the uploads.
type blobStore struct{ blobs sync.Map } // digest → []byte

func (s *blobStore) get(d digest) ([]byte, bool) {
	content, ok := s.blobs.Load(d)
	if !ok {
		return nil, false
	}
	return content.([]byte), true
}

func (s *blobStore) has(d digest) bool {
	_, ok := s.blobs.Load(d)
	return ok
}

// add keeps content and tells where it is.
func (s *blobStore) add(content []byte) descriptor {
	d := digestOf(content)
	s.blobs.Store(d, content)
	return descriptor{d, int64(len(content))}
}

// Get implements [registry.BlobHandler].
func (s *blobStore) Get(_ context.Context, _ string, hash v1.Hash) (io.ReadCloser, error) {
	d, _ := parseDigest(hash.String())
	content, ok := s.get(d)
	if !ok {
		return nil, registry.ErrNotFound
	}
	return io.NopCloser(bytes.NewReader(content)), nil
}

// Stat implements [registry.BlobStatHandler].
func (s *blobStore) Stat(_ context.Context, _ string, hash v1.Hash) (int64, error) {
	d, _ := parseDigest(hash.String())
	content, ok := s.get(d)
	if !ok {
		return 0, registry.ErrNotFound
	}
	return int64(len(content)), nil
}

// Put implements [registry.BlobPutHandler]; the reader checks the digest.
func (s *blobStore) Put(_ context.Context, _ string, _ v1.Hash, content io.ReadCloser) error {
	defer content.Close()
	all, err := io.ReadAll(content)
	if err != nil {
		return err
	}
	s.add(all)
	return nil
}

func newUploads(s *blobStore) http.Handler {
	return registry.New(registry.WithBlobHandler(s), registry.Logger(log.New(io.Discard, "", 0)))
}

// readBlob is GET and HEAD of a blob.
func (h *Harbor) readBlob(w http.ResponseWriter, c *call) {
	if problem := h.enter(c, "pull"); problem != nil {
		problem.write(w)
		return
	}
	if h.registryDown.Load() {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	d, _ := parseDigest(c.vars[1])
	content, ok := h.blobs.get(d)
	if !ok {
		registryError(http.StatusNotFound, "BLOB_UNKNOWN", "blob unknown to registry").write(w)
		return
	}
	header := w.Header()
	header.Set("Cache-Control", "max-age=31536000")
	header.Set("Content-Type", "application/octet-stream")
	header.Set("Docker-Content-Digest", c.vars[1])
	header.Set("Docker-Distribution-Api-Version", "registry/2.0")
	header.Set("Etag", strconv.Quote(c.vars[1]))
	http.ServeContent(w, c.Request, "", time.Time{}, bytes.NewReader(content))
}

// writeBlob is an upload, which the in-process registry does.
func (h *Harbor) writeBlob(w http.ResponseWriter, c *call) {
	if problem := h.enter(c, "push"); problem != nil {
		problem.write(w)
		return
	}
	if h.registryDown.Load() {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	c.Body = http.MaxBytesReader(w, c.Body, blobLimit)
	w.Header().Set("Docker-Distribution-Api-Version", "registry/2.0")
	h.uploads.ServeHTTP(w, c.Request)
}
