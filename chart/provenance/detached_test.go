package provenance_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/provenance"
)

func TestDetached(t *testing.T) {
	public, private := pair(t, "maintainer", nil)
	other, _ := pair(t, "somebody", nil)
	key, err := provenance.ReadKey(private, "", nil)
	require.NoError(t, err)
	data := []byte(`{"images":[]}`)
	signature, err := key.Detached(data, made.Add(time.Hour))
	require.NoError(t, err)
	signer, err := ringOf(t, other, public).VerifyDetached(bytes.NewReader(data), signature)
	require.NoError(t, err)
	require.Equal(t, key.Signer(), *signer)

	_, err = ringOf(t, other).VerifyDetached(bytes.NewReader(data), signature)
	require.ErrorIs(t, err, provenance.ErrUnknownSigner)
	for at := range data {
		_, err = ringOf(t, public).VerifyDetached(bytes.NewReader(flipped(data, at)), signature)
		require.ErrorIs(t, err, provenance.ErrMismatch)
	}
	for name, bad := range map[string][]byte{
		"empty": nil, "no armor": []byte("signed"), "keys": public, "too large": bytes.Repeat([]byte("x"), provenance.MaxBytes+1),
	} {
		_, err = ringOf(t, public).VerifyDetached(bytes.NewReader(data), bad)
		require.ErrorContains(t, err, "the signature", name)
	}
}
