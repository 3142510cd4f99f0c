package provenance_test

import (
	"bytes"
	"crypto"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/clearsign"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"github.com/stretchr/testify/require"
	helm "helm.sh/helm/v3/pkg/provenance"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/pack"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/provenance"
)

// made is when the keys of all tests were made.
var made = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// pair makes a key for an owner, and gives it as gpg exports it.
func pair(t testing.TB, owner string, config *packet.Config) (public, private []byte) {
	t.Helper()
	if config == nil {
		config = &packet.Config{}
	}
	if config.Time == nil {
		config.Time = func() time.Time { return made }
	}
	config.RSABits = 2048
	entity, err := openpgp.NewEntity(owner, "", owner+"@example.org", config)
	require.NoError(t, err)
	return exported(t, entity)
}

func exported(t testing.TB, entity *openpgp.Entity) (public, private []byte) {
	t.Helper()
	var secret, open bytes.Buffer
	require.NoError(t, entity.SerializePrivateWithoutSigning(&secret, nil))
	require.NoError(t, entity.Serialize(&open))
	return open.Bytes(), secret.Bytes()
}

// archive is the sample chart, packaged.
func archive(t testing.TB) (file string, data, metadata []byte) {
	t.Helper()
	p, err := pack.Dir("../image-config")
	require.NoError(t, err)
	metadata, err = os.ReadFile("../image-config/Chart.yaml")
	require.NoError(t, err)
	return provenance.FileName(p.Chart.Metadata.Name, p.Chart.Metadata.Version), p.Archive, metadata
}

func ringOf(t testing.TB, public ...[]byte) *provenance.Ring {
	t.Helper()
	ring, err := provenance.ReadRing(bytes.Join(public, nil))
	require.NoError(t, err)
	return ring
}

// signed is the sample chart, signed by an owner.
func signed(t testing.TB, private []byte) (prov []byte, file string, data []byte) {
	t.Helper()
	key, err := provenance.ReadKey(private, "", nil)
	require.NoError(t, err)
	file, data, metadata := archive(t)
	prov, err = key.Sign(metadata, file, data, made.Add(time.Hour))
	require.NoError(t, err)
	return prov, file, data
}

func TestWhoSigned(t *testing.T) {
	public, private := pair(t, "maintainer", nil)
	other, _ := pair(t, "somebody", nil)
	prov, file, data := signed(t, private)

	signer, err := ringOf(t, other, public).Verify(prov, file, data)
	require.NoError(t, err)
	require.Equal(t, "maintainer <maintainer@example.org>", signer.Identity)
	require.Len(t, signer.Fingerprint, 40)
	require.Equal(t, ringOf(t, public).Signers(), []provenance.Signer{*signer})

	_, err = ringOf(t, other).Verify(prov, file, data)
	require.ErrorIs(t, err, provenance.ErrUnknownSigner)
}

// The same text, key and time give the same words, but for what the signature
// has of chance.
func TestWhatIsSignedSaysWhatItIsOf(t *testing.T) {
	_, private := pair(t, "maintainer", nil)
	prov, file, _ := signed(t, private)
	text, _, found := strings.Cut(string(prov), "-----BEGIN PGP SIGNATURE-----")
	require.True(t, found)
	require.Contains(t, text, "\nname: image-config\n")
	require.Contains(t, text, "\n...\nfiles:\n  "+file+": sha256:")
	require.NotContains(t, text, "#", "comments are nobody's signature")
}

// Whatever is changed after it was signed is found, bit by bit.
func TestAFlippedBit(t *testing.T) {
	public, private := pair(t, "maintainer", nil)
	ring := ringOf(t, public)
	prov, file, data := signed(t, private)
	begin := bytes.Index(prov, []byte("\n\n")) + 2 // after the armor's headers
	end := bytes.Index(prov, []byte("\n-----BEGIN PGP SIGNATURE-----"))
	for at := begin; at < end; at++ {
		if bad := flipped(prov, at); !bytes.ContainsAny(bad[at:at+1], " \t\r\n") && !bytes.ContainsAny(prov[at:at+1], " \t\r\n") {
			_, err := ring.Verify(bad, file, data)
			require.Error(t, err, "byte %d of the text", at)
		}
	}
	for at := 0; at < len(data); at += 97 {
		_, err := ring.Verify(prov, file, flipped(data, at))
		require.ErrorIs(t, err, provenance.ErrMismatch, "byte %d of the archive", at)
	}
	_, err := ring.Verify(prov, "image-config-9.9.9.tgz", data)
	require.ErrorIs(t, err, provenance.ErrMismatch)
}

func flipped(data []byte, at int) []byte {
	out := bytes.Clone(data)
	out[at] ^= 1
	return out
}

func TestKeysOutOfUse(t *testing.T) {
	for name, c := range map[string]struct {
		entity func(t *testing.T) *openpgp.Entity
		is     error
	}{
		"good": {func(t *testing.T) *openpgp.Entity { return entity(t, nil) }, nil},
		"expired": {func(t *testing.T) *openpgp.Entity {
			return entity(t, &packet.Config{KeyLifetimeSecs: 2 * 60 * 60})
		}, provenance.ErrKeyOutOfUse},
		"revoked": {func(t *testing.T) *openpgp.Entity {
			e := entity(t, nil)
			require.NoError(t, e.RevokeKey(packet.KeyCompromised, "lost", nil))
			return e
		}, provenance.ErrKeyOutOfUse},
	} {
		t.Run(name, func(t *testing.T) {
			e := c.entity(t)
			before := *e
			before.Revocations = nil
			public, _ := exported(t, e)
			_, private := exported(t, &before)
			prov, file, data := signed(t, private)
			_, err := ringOf(t, public).Verify(prov, file, data)
			require.ErrorIs(t, err, c.is)
			if c.is == nil {
				require.NoError(t, err)
			}
		})
	}
}

func entity(t *testing.T, config *packet.Config) *openpgp.Entity {
	t.Helper()
	if config == nil {
		config = &packet.Config{}
	}
	config.RSABits, config.Time = 2048, func() time.Time { return made }
	e, err := openpgp.NewEntity("maintainer", "", "maintainer@example.org", config)
	require.NoError(t, err)
	return e
}

// A signature over a hash that is not among those taken is none. (The library
// makes none over SHA-1, to try that too.)
func TestOldHashes(t *testing.T) {
	e := entity(t, nil)
	public, private := exported(t, e)
	prov, file, data := signed(t, private)
	for hash, taken := range map[crypto.Hash]bool{crypto.SHA224: false, crypto.SHA256: true, crypto.SHA512: true} {
		t.Run(hash.String(), func(t *testing.T) {
			_, err := ringOf(t, public).Verify(resigned(t, prov, e, hash), file, data)
			require.Equal(t, taken, err == nil, "%v", err)
		})
	}
}

// resigned puts another signature of the same text, over another hash, into a
// provenance.
func resigned(t *testing.T, prov []byte, e *openpgp.Entity, hash crypto.Hash) []byte {
	t.Helper()
	block, _ := clearsign.Decode(prov)
	sig := &packet.Signature{
		Version: 4, SigType: packet.SigTypeText, PubKeyAlgo: e.PrivateKey.PubKeyAlgo, Hash: hash,
		CreationTime: made, IssuerKeyId: &e.PrivateKey.KeyId,
	}
	h, err := sig.PrepareSign(nil)
	require.NoError(t, err)
	h.Write(block.Bytes)
	require.NoError(t, sig.Sign(h, e.PrivateKey, nil))
	text, _, found := bytes.Cut(prov, []byte("-----BEGIN PGP SIGNATURE-----"))
	require.True(t, found)
	out := bytes.NewBuffer(bytes.Clone(text))
	w, err := armor.Encode(out, openpgp.SignatureType, nil)
	require.NoError(t, err)
	require.NoError(t, sig.Serialize(w))
	require.NoError(t, w.Close())
	return out.Bytes()
}

func TestWhatIsNoProvenance(t *testing.T) {
	public, private := pair(t, "maintainer", nil)
	ring := ringOf(t, public)
	prov, file, data := signed(t, private)
	for name, text := range map[string][]byte{
		"empty":          nil,
		"no signature":   []byte("name: image-config\n...\nfiles: {}\n"),
		"too large":      bytes.Repeat([]byte("x"), provenance.MaxBytes+1),
		"cut off":        prov[:len(prov)-80],
		"something more": append(bytes.Clone(prov), "files: {}\n"...),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ring.Verify(text, file, data)
			require.Error(t, err)
			require.NotErrorIs(t, err, provenance.ErrUnknownSigner)
		})
	}
}

func TestReadKey(t *testing.T) {
	_, private := pair(t, "maintainer", nil)
	_, second := pair(t, "somebody", nil)
	public, _ := pair(t, "nobody", nil)
	both := append(bytes.Clone(private), second...)
	key, err := provenance.ReadKey(both, "MAINTAINER@", nil)
	require.NoError(t, err)
	require.Equal(t, "maintainer <maintainer@example.org>", key.Signer().Identity)
	key, err = provenance.ReadKey(both, "0x"+key.Signer().Fingerprint[24:], nil)
	require.NoError(t, err)
	require.Equal(t, "maintainer <maintainer@example.org>", key.Signer().Identity)
	for name, c := range map[string]struct {
		data    []byte
		name    string
		message string
	}{
		"two":       {both, "", "2 private keys could be meant"},
		"none such": {both, "else", `no private key of "else"`},
		"public":    {public, "", "gpg --export-secret-keys"},
		"empty":     {nil, "", "gpg --export"},
		"a key box": {append(make([]byte, 8), "KBXf"...), "", "own key box"},
		"no keys":   {[]byte("hello"), "", "cannot be read"},
		"bad armor": {[]byte("-----BEGIN PGP"), "", "armor"},
		"too large": {make([]byte, provenance.MaxRing+1), "", "more than"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := provenance.ReadKey(c.data, c.name, nil)
			require.ErrorContains(t, err, c.message)
		})
	}
}

func TestPassphrases(t *testing.T) {
	e := entity(t, nil)
	require.NoError(t, e.EncryptPrivateKeys([]byte("open sesame"), nil))
	_, private := exported(t, e)
	say := func(word string, err error) func() ([]byte, error) {
		return func() ([]byte, error) { return []byte(word), err }
	}
	_, err := provenance.ReadKey(private, "", nil)
	require.ErrorContains(t, err, "needs a passphrase")
	_, err = provenance.ReadKey(private, "", say("sesame", nil))
	require.ErrorContains(t, err, "does not open")
	stop := errors.New("no terminal")
	_, err = provenance.ReadKey(private, "", say("", stop))
	require.ErrorIs(t, err, stop)
	_, err = provenance.ReadKey(private, "", say("open sesame", nil))
	require.NoError(t, err)
}

func TestArmoredKeys(t *testing.T) {
	public, _ := pair(t, "maintainer", nil)
	var text bytes.Buffer
	w, err := armor.Encode(&text, openpgp.PublicKeyType, nil)
	require.NoError(t, err)
	_, err = w.Write(public)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	require.Equal(t, ringOf(t, public).Signers(), ringOf(t, text.Bytes()).Signers())
}

// A key that has expired signs nothing.
func TestAKeyThatCannotSign(t *testing.T) {
	_, private := exported(t, entity(t, &packet.Config{KeyLifetimeSecs: 60}))
	key, err := provenance.ReadKey(private, "", nil)
	require.NoError(t, err)
	file, data, metadata := archive(t)
	_, err = key.Sign(metadata, file, data, made.Add(time.Hour))
	require.ErrorContains(t, err, "cannot sign on 2026-01-01")
}

// What is signed here Helm verifies, and what Helm signs is verified here.
func TestAsHelmDoes(t *testing.T) {
	public, private := pair(t, "maintainer", nil)
	prov, file, data := signed(t, private)
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, data, 0o600))
		return path
	}
	chart, text := write(file, data), write(file+".prov", prov)
	secret, ring := write("secret.gpg", private), write("ring.gpg", public)
	signatory, err := helm.NewFromFiles(secret, ring)
	require.NoError(t, err)
	found, err := signatory.Verify(chart, text)
	require.NoError(t, err)
	require.Equal(t, file, found.FileName)

	theirs, err := signatory.ClearSign(chart)
	require.NoError(t, err)
	signer, err := ringOf(t, public).Verify([]byte(theirs), file, data)
	require.NoError(t, err)
	require.Equal(t, "maintainer <maintainer@example.org>", signer.Identity)
}

func FuzzVerify(f *testing.F) {
	public, private := pair(f, "maintainer", nil)
	ring := ringOf(f, public)
	prov, file, data := signed(f, private)
	f.Add(prov)
	f.Add([]byte("-----BEGIN PGP SIGNED MESSAGE-----\n\n-----BEGIN PGP SIGNATURE-----\n\n-----END PGP SIGNATURE-----"))
	want := textIn(prov)
	f.Fuzz(func(t *testing.T, text []byte) {
		if _, err := ring.Verify(text, file, data); err == nil {
			require.Equal(t, want, textIn(text), "nothing else was signed")
		}
	})
}

// textIn is what is signed in a provenance, without what the signature passes
// over: the ends of lines.
func textIn(prov []byte) []string {
	_, text, _ := strings.Cut(string(prov), "-----BEGIN PGP SIGNED MESSAGE-----")
	text, _, _ = strings.Cut(text, "-----BEGIN PGP SIGNATURE-----")
	var lines []string
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, " \t\r\n")
		if line != "" && !strings.HasPrefix(line, "Hash:") {
			lines = append(lines, strings.TrimPrefix(line, "- "))
		}
	}
	return lines
}
