package apitest

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"strconv"

	"github.com/klauspost/compress/zstd"
)

// maxBody bounds a decompressed body, in bytes: more than any test should make.
const maxBody = 256 << 20

// decode undoes a content coding (RFC 9110, section 8.4.1). The Go client undoes
// gzip itself unless the test asked for it, and takes the header away then.
func decode(coding string, body []byte) ([]byte, error) {
	var plain io.Reader
	switch coding {
	case "":
		return body, nil
	case "gzip":
		r, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return nil, fmt.Errorf("decode gzip: %w", err)
		}
		plain = r
	case "zstd":
		r, err := zstd.NewReader(bytes.NewReader(body), zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, fmt.Errorf("decode zstd: %w", err)
		}
		defer r.Close()
		plain = r
	default:
		return nil, fmt.Errorf("content coding %q is not one of ours", coding)
	}
	decoded, err := io.ReadAll(io.LimitReader(plain, maxBody+1))
	if err != nil {
		return nil, fmt.Errorf("decode %s: %w", coding, err)
	}
	if len(decoded) > maxBody {
		return nil, fmt.Errorf("more than %d bytes", maxBody)
	}
	return decoded, nil
}

// checkJSON refuses what a schema does not see: text after the document, and
// nulls in open maps. Bodies of other types pass.
func checkJSON(contentType string, body []byte) error {
	media, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return fmt.Errorf("content type %q: %w", contentType, err)
	}
	if media != "application/json" {
		return nil
	}
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return fmt.Errorf("not one JSON document: %w", err)
	}
	return errors.Join(nulls("body", value)...)
}

// nulls names the places that hold null.
func nulls(path string, value any) (found []error) {
	switch value := value.(type) {
	case nil:
		found = append(found, fmt.Errorf("%s is null", path))
	case []any:
		for i, child := range value {
			found = append(found, nulls(path+"["+strconv.Itoa(i)+"]", child)...)
		}
	case map[string]any:
		for key, child := range value {
			found = append(found, nulls(path+"."+key, child)...)
		}
	}
	return found
}
