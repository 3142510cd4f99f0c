package harbortest

import (
	"bytes"
	"compress/gzip"
)

// emptyLayer is an archive without files: the two empty blocks that end one.
var emptyLayer = make([]byte, 1024)

// emptyLayerZipped gives it as it is stored; the same bytes each time.
func emptyLayerZipped() []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(emptyLayer) // a buffer does not fail
	_ = w.Close()
	return b.Bytes()
}
