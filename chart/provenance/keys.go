package provenance

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
)

// MaxRing is the largest keyring that is read, in bytes.
const MaxRing = 4 << 20

// Ring is a set of public keys that are trusted to sign.
type Ring struct{ entities openpgp.EntityList }

// ReadRing reads public keys as `gpg --export` writes them, armored or not. Helm
// takes the same file with --keyring.
func ReadRing(data []byte) (*Ring, error) {
	entities, err := read(data)
	if err != nil {
		return nil, err
	}
	return &Ring{entities}, nil
}

// Signers are the owners of the keys, in the ring's order.
func (r *Ring) Signers() []Signer {
	out := make([]Signer, len(r.entities))
	for i, e := range r.entities {
		out[i] = *signerOf(e)
	}
	return out
}

// read reads keys. What begins as armor does is armored.
func read(data []byte) (openpgp.EntityList, error) {
	if len(data) > MaxRing {
		return nil, fmt.Errorf("the keyring has more than %d bytes", MaxRing)
	}
	var from io.Reader = bytes.NewReader(data)
	if bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte("-----BEGIN ")) {
		block, err := armor.Decode(from)
		if err != nil {
			return nil, fmt.Errorf("the armor of the keyring cannot be read: %w", err)
		}
		from = block.Body
	}
	entities, err := openpgp.ReadKeyRing(from)
	switch {
	case err != nil && bytes.HasPrefix(data, []byte("KBX")), bytes.Contains(data[:min(len(data), 32)], []byte("KBXf")):
		return nil, errors.New("this is GnuPG's own key box: export the keys with gpg --export")
	case err != nil:
		return nil, fmt.Errorf("the keyring cannot be read: %w", err)
	case len(entities) == 0:
		return nil, errors.New("the keyring is empty: export the keys with gpg --export")
	}
	return entities, nil
}

func signerOf(e *openpgp.Entity) *Signer {
	s := &Signer{Fingerprint: fmt.Sprintf("%x", e.PrimaryKey.Fingerprint)}
	if identity := e.PrimaryIdentity(); identity != nil {
		s.Identity = strings.ToValidUTF8(identity.Name, "\uFFFD")
	}
	if s.Identity == "" {
		s.Identity = s.Fingerprint
	}
	return s
}
