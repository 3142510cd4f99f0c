// Package provenance signs packaged charts and checks who signed them, in the
// way of Helm: a .prov file beside the archive, which is a text in clear with a
// PGP signature. The text has the chart's metadata and the archive's sha256.
//
// What Helm signs is understood here, and what is signed here by Helm
// (https://helm.sh/docs/topics/provenance/). It links no part of Helm, so that a
// server can check what it serves. It reads no files and asks nobody: keys and
// texts are bytes. Which signers are wanted, and what happens without a
// signature, is the caller's word.
package provenance

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/clearsign"
	pgperrors "github.com/ProtonMail/go-crypto/openpgp/errors"
	"sigs.k8s.io/yaml"
)

// MaxBytes is the largest .prov file that is read, in bytes. Helm's have some
// two kilobytes.
const MaxBytes = 256 << 10

// What is wrong with a provenance, for errors.Is. Whatever is not one of these
// is a text that is none.
var (
	// ErrUnknownSigner means that no key of the ring made the signature: it may be
	// good, and nobody here can tell.
	ErrUnknownSigner = errors.New("it is signed by a key that is not in the keyring")
	// ErrKeyOutOfUse means that the key of the ring has expired or was revoked, or
	// that the signature itself has expired.
	ErrKeyOutOfUse = errors.New("the key or the signature is out of use")
	// ErrMismatch means that the signature is not of this text, or the text not of
	// this archive: somebody changed one of them.
	ErrMismatch = errors.New("it does not fit")
)

// hashes are those that a signature may be made over. SHA-1 and what is older
// can be forged.
var hashes = []crypto.Hash{crypto.SHA256, crypto.SHA384, crypto.SHA512}

// end divides metadata and sums. It would be "---" if clear-signed text could
// hold that.
const end = "\n...\n"

// FileName is the name of a chart's archive, as Helm makes it and the signed text
// says it.
func FileName(chart, version string) string { return chart + "-" + version + ".tgz" }

// Signer is who signed a chart.
type Signer struct {
	// Identity is what the key says of its owner, mostly "Name <address>"; the
	// fingerprint where it says nothing.
	Identity string
	// Fingerprint is the key's, in hexadecimal.
	Fingerprint string
}

// Verify tells who of the ring signed an archive. file is the archive's
// [FileName]. Errors match one of the package's, or say why the text is no
// provenance.
func (r *Ring) Verify(prov []byte, file string, archive []byte) (*Signer, error) {
	block, err := decode(prov)
	if err != nil {
		return nil, err
	}
	signer, err := openpgp.CheckDetachedSignatureAndHash(r.entities, bytes.NewReader(block.Bytes), block.ArmoredSignature.Body, hashes, nil)
	if err != nil {
		return nil, explain(err)
	}
	if err := fits(block, file, archive); err != nil {
		return nil, err
	}
	return signerOf(signer), nil
}

// Fits tells whether a provenance is of an archive, whoever signed it: nil, or an
// error that matches [ErrMismatch] or says why the text is no provenance.
func Fits(prov []byte, file string, archive []byte) error {
	block, err := decode(prov)
	if err != nil {
		return err
	}
	return fits(block, file, archive)
}

func decode(prov []byte) (*clearsign.Block, error) {
	if len(prov) > MaxBytes {
		return nil, fmt.Errorf("the provenance has more than %d bytes", MaxBytes)
	}
	block, rest := clearsign.Decode(prov)
	if block == nil {
		return nil, errors.New("the provenance is no clear-signed text")
	}
	if len(bytes.TrimSpace(rest)) > 0 {
		return nil, errors.New("something follows the signed text of the provenance")
	}
	return block, nil
}

func fits(block *clearsign.Block, file string, archive []byte) error {
	signed, err := sumOf(block.Plaintext, file)
	if err != nil {
		return err
	}
	if is := sum(archive); signed != is {
		return fmt.Errorf("%w: the signed text is of an archive with %s, and this one has %s", ErrMismatch, signed, is)
	}
	return nil
}

// explain says what a failure of the signature means.
func explain(err error) error {
	switch {
	case errors.Is(err, pgperrors.ErrUnknownIssuer):
		return ErrUnknownSigner
	case errors.Is(err, pgperrors.ErrKeyExpired), errors.Is(err, pgperrors.ErrKeyRevoked), errors.Is(err, pgperrors.ErrSignatureExpired):
		return fmt.Errorf("%w: %w", ErrKeyOutOfUse, err)
	}
	if _, bad := errors.AsType[pgperrors.SignatureError](err); bad {
		return fmt.Errorf("%w: the signature is not of this text", ErrMismatch)
	}
	return fmt.Errorf("the signature of the provenance cannot be read: %w", err)
}

// sumOf gives the digest that a signed text has of a file.
func sumOf(text []byte, file string) (string, error) {
	_, sums, found := bytes.Cut(text, []byte(end))
	if !found {
		return "", errors.New("the signed text of the provenance has no sums")
	}
	var signed sumList
	if err := yaml.UnmarshalStrict(sums, &signed); err != nil {
		return "", fmt.Errorf("the sums of the provenance cannot be read: %w", err)
	}
	digest, found := signed.Files[file]
	if !found {
		return "", fmt.Errorf("%w: the signed text has no sum of %s", ErrMismatch, file)
	}
	return digest, nil
}

// sumList is the second part of a signed text. Helm reserves images for later.
type sumList struct {
	Files  map[string]string `json:"files"`
	Images map[string]string `json:"images,omitempty"`
}

func sum(data []byte) string { return fmt.Sprintf("sha256:%x", sha256.Sum256(data)) }
