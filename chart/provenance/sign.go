package provenance

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/clearsign"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"sigs.k8s.io/yaml"
)

// Key is a private key that signs.
type Key struct{ entity *openpgp.Entity }

// ReadKey reads the private key that is meant from a ring of them, as
// `gpg --export-secret-keys` writes it, armored or not. name is a part of the
// owner's identity, or the end of a fingerprint; it may be empty where the ring
// has one private key. passphrase is asked for if the key needs one; nil means
// that none is to be had.
func ReadKey(data []byte, name string, passphrase func() ([]byte, error)) (*Key, error) {
	entities, err := read(data)
	if err != nil {
		return nil, err
	}
	entities = slices.DeleteFunc(entities, func(e *openpgp.Entity) bool { return e.PrivateKey == nil })
	if len(entities) == 0 {
		return nil, errors.New("the keyring has no private key: export it with gpg --export-secret-keys")
	}
	entities = slices.DeleteFunc(entities, func(e *openpgp.Entity) bool { return !isMeant(e, name) })
	switch len(entities) {
	case 0:
		return nil, fmt.Errorf("the keyring has no private key of %q", name)
	case 1:
	default:
		return nil, fmt.Errorf("%d private keys could be meant: name one by the end of its fingerprint", len(entities))
	}
	key := &Key{entities[0]}
	return key, key.unlock(passphrase)
}

func isMeant(e *openpgp.Entity, name string) bool {
	s := signerOf(e)
	return strings.Contains(strings.ToLower(s.Identity), strings.ToLower(name)) ||
		strings.HasSuffix(s.Fingerprint, strings.ToLower(strings.TrimPrefix(name, "0x")))
}

func (k *Key) unlock(passphrase func() ([]byte, error)) error {
	if !k.entity.PrivateKey.Encrypted {
		return nil
	}
	if passphrase == nil {
		return errors.New("the private key needs a passphrase")
	}
	word, err := passphrase()
	if err != nil {
		return err
	}
	if err := k.entity.DecryptPrivateKeys(word); err != nil {
		return errors.New("the passphrase does not open the private key")
	}
	return nil
}

// Signer is the owner of the key.
func (k *Key) Signer() Signer { return *signerOf(k.entity) }

// Ring trusts this key alone.
func (k *Key) Ring() *Ring { return &Ring{openpgp.EntityList{k.entity}} }

// Sign makes the .prov file of an archive. metadata is its Chart.yaml, file its
// [FileName], and at the time of the signature.
func (k *Key) Sign(metadata []byte, file string, archive []byte, at time.Time) ([]byte, error) {
	text, err := textOf(metadata, file, archive)
	if err != nil {
		return nil, err
	}
	config := &packet.Config{DefaultHash: hashes[len(hashes)-1], Time: func() time.Time { return at }}
	signing, ok := k.entity.SigningKey(at)
	if !ok || signing.PrivateKey == nil {
		return nil, fmt.Errorf("the key of %s cannot sign on %s: it has expired, or is for other uses", k.Signer().Identity, at.UTC().Format(time.DateOnly))
	}
	var out bytes.Buffer
	w, err := clearsign.Encode(&out, signing.PrivateKey, config)
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	if _, err := w.Write(text); err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	return out.Bytes(), nil
}

// textOf is what is signed: the metadata without comments, and the sum.
func textOf(metadata []byte, file string, archive []byte) ([]byte, error) {
	var values map[string]any
	if err := yaml.UnmarshalStrict(metadata, &values); err != nil {
		return nil, fmt.Errorf("the chart's metadata cannot be read: %w", err)
	}
	head, err := yaml.Marshal(values)
	if err != nil {
		return nil, fmt.Errorf("the chart's metadata cannot be written: %w", err)
	}
	sums, err := yaml.Marshal(sumList{Files: map[string]string{file: sum(archive)}})
	if err != nil {
		return nil, fmt.Errorf("the sum cannot be written: %w", err)
	}
	if bytes.Contains(head, []byte(end)) {
		return nil, errors.New("the chart's metadata hold a line of three dots, which divides what is signed")
	}
	return slices.Concat(head, []byte(end), sums), nil
}
