package harbortest

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// digest is a SHA-256 digest, kept as its 32 bytes because there may be many.
type digest [sha256.Size]byte

const digestPrefix = "sha256:"

func digestOf(content []byte) digest { return sha256.Sum256(content) }

func (d digest) append(b []byte) []byte {
	return hex.AppendEncode(append(b, digestPrefix...), d[:])
}

// String gives the usual form, "sha256:…".
func (d digest) String() string { return string(d.append(nil)) }

// parseDigest reads the usual form; ok is false for anything else.
func parseDigest(s string) (d digest, ok bool) {
	hexa, found := strings.CutPrefix(s, digestPrefix)
	if !found || len(hexa) != hex.EncodedLen(len(d)) || strings.ToLower(hexa) != hexa {
		return d, false
	}
	_, err := hex.Decode(d[:], []byte(hexa))
	return d, err == nil
}
