package provenance

import (
	"bytes"
	"fmt"
	"io"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// Detached makes a signature of any data, to be kept beside it as
// `gpg --armor --detach-sign` does.
func (k *Key) Detached(data []byte, at time.Time) ([]byte, error) {
	config := &packet.Config{DefaultHash: hashes[len(hashes)-1], Time: func() time.Time { return at }}
	var out bytes.Buffer
	if err := openpgp.ArmoredDetachSign(&out, k.entity, bytes.NewReader(data), config); err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	return append(out.Bytes(), '\n'), nil
}

// VerifyDetached reads data and tells who of the ring signed it. Errors match one
// of the package's, say why the signature is none, or are those of data.
func (r *Ring) VerifyDetached(data io.Reader, signature []byte) (*Signer, error) {
	if len(signature) > MaxBytes {
		return nil, fmt.Errorf("the signature has more than %d bytes", MaxBytes)
	}
	block, err := armor.Decode(bytes.NewReader(signature))
	if err != nil || block.Type != openpgp.SignatureType {
		return nil, fmt.Errorf("the signature is no armored one (gpg --armor --detach-sign)")
	}
	signer, err := openpgp.CheckDetachedSignatureAndHash(r.entities, data, block.Body, hashes, nil)
	if err != nil {
		return nil, explain(err)
	}
	return signerOf(signer), nil
}
