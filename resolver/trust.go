package resolver

import (
	"errors"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/provenance"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/artifact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// Trust says whose signatures on a catalog chart count. The zero value asks for
// none.
type Trust struct {
	// Ring are the keys of those who may publish; nil checks no signature.
	Ring *provenance.Ring
	// Renewed gives the keys of now, where they may be replaced while a resolver runs;
	// nil means that they are those of Ring for ever. What is served stays, whoever
	// signed it; what was refused is judged anew.
	Renewed func() *provenance.Ring
	// Required refuses a catalog that none of them signed. Without it such a
	// catalog is taken, and it is said that nobody vouches for it.
	Required bool
}

// Signature is what was found out about the signature of an offer. The zero
// value is of an origin that knows none, or was not asked to check it.
type Signature struct {
	// Checked tells that there is a ring to check against.
	Checked bool
	// By is who of the ring signed it; nil if nobody did.
	By *provenance.Signer
	// Err says why By is nil.
	Err error

	required bool
}

// errUnsigned is why nobody vouches for a chart without a provenance layer.
var errUnsigned = errors.New("it is not signed")

// ring gives the keys that count now; nil checks no signature.
func (t Trust) ring() *provenance.Ring {
	if t.Ring != nil && t.Renewed != nil {
		return t.Renewed()
	}
	return t.Ring
}

// Check looks at the provenance of a chart that was pulled.
func (t Trust) Check(pulled *artifact.Chart) Signature {
	ring := t.ring()
	s := Signature{Checked: ring != nil, required: t.Required}
	switch {
	case ring == nil:
	case pulled.Provenance == nil:
		s.Err = errUnsigned
	default:
		file := provenance.FileName(pulled.Metadata.Name, pulled.Metadata.Version)
		s.By, s.Err = ring.Verify(pulled.Provenance, file, pulled.Archive)
	}
	return s
}

// Admit decides whether a chart may be taken into use as far as its signature
// goes. One that does not fit is refused whatever is required: somebody changed
// the chart, or the text that was signed. reference names the chart. The error is
// of kind Tampered or Refused.
func (s Signature) Admit(reference string) error {
	const op = "take catalog"
	switch {
	case !s.Checked || s.By != nil:
		return nil
	case errors.Is(s.Err, provenance.ErrMismatch):
		return fault.New(fault.Tampered, op, reference, "its signature does not fit: %w", s.Err).
			WithHint("do not use it; find out who wrote to the repository, and publish a new version")
	case s.required:
		return fault.New(fault.Refused, op, reference, "no key of the keyring vouches for it: %w", s.Err).
			WithHint("publish it signed, or add the signer's public key to the keyring")
	}
	return nil
}
