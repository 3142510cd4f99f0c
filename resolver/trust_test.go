package resolver_test

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/provenance"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/artifact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// signer makes a key for an owner: to sign with, and to check against.
func signer(t testing.TB, owner string) (*provenance.Key, *provenance.Ring) {
	t.Helper()
	entity, err := openpgp.NewEntity(owner, "", owner+"@example.org", nil)
	require.NoError(t, err)
	var secret, open bytes.Buffer
	require.NoError(t, entity.SerializePrivate(&secret, nil))
	require.NoError(t, entity.Serialize(&open))
	key, err := provenance.ReadKey(secret.Bytes(), "", nil)
	require.NoError(t, err)
	ring, err := provenance.ReadRing(open.Bytes())
	require.NoError(t, err)
	return key, ring
}

// checking makes the shelf's client fetch what signatures are checked with.
func (s *shelf) checking(t testing.TB) {
	t.Helper()
	hosts, err := endpoint.New(map[string]endpoint.Config{chartRef.Host: {URL: s.URL}}, endpoint.Options{})
	require.NoError(t, err)
	t.Cleanup(hosts.CloseIdle)
	s.client = artifact.New(hosts, artifact.Options{
		Provenance: true, Attempts: 1, Wait: func(context.Context, time.Duration) error { return nil },
	})
}

// publishSigned publishes a catalog that a key signed; of is the catalog that
// the key saw.
func (s *shelf) publishSigned(t testing.TB, key *provenance.Key, version, values, of string) {
	t.Helper()
	pack := func(values string) []byte {
		return archive(t, map[string]string{"Chart.yaml": chartYAML(version), "values.yaml": values})
	}
	prov, err := key.Sign([]byte(chartYAML(version)), provenance.FileName("image-config", version), pack(of), time.Now())
	require.NoError(t, err)
	_, err = s.client.Publish(t.Context(), chartRef, artifact.Package{Archive: pack(values), Provenance: prov})
	require.NoError(t, err)
}

// Of catalogs that nobody vouches for only those are served that need not be
// vouched for, and it is said of them; one that does not fit its signature is
// never served.
func TestSignatures(t *testing.T) {
	ours, ring := signer(t, "maintainer")
	theirs, _ := signer(t, "somebody")
	for name, c := range map[string]struct {
		publish  func(t *testing.T, s *shelf)
		refused  fault.Kind // where signatures are required
		tampered bool
		why      string
	}{
		"signed":   {func(t *testing.T, s *shelf) { s.publishSigned(t, ours, "1.0.1", five, five) }, fault.Internal, false, ""},
		"unsigned": {func(t *testing.T, s *shelf) { s.publish(t, "1.0.1", five) }, fault.Refused, false, "it is not signed"},
		"signed by another": {
			func(t *testing.T, s *shelf) { s.publishSigned(t, theirs, "1.0.1", five, five) }, fault.Refused, false,
			"it is signed by a key that is not in the keyring",
		},
		"changed since": {
			func(t *testing.T, s *shelf) { s.publishSigned(t, ours, "1.0.1", five, four) }, fault.Tampered, true, "it does not fit",
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, required := range []bool{false, true} {
				s := newShelf(t)
				s.checking(t)
				s.publishSigned(t, ours, "1.0.0", four, four)
				trust := resolver.Trust{Ring: ring, Required: required}
				r := start(t, resolver.FromRepository(s.client, chartRef, artifact.Selection{Constraint: "^1.0.0"}, trust),
					everywhere(present("sha256:a")), resolver.Options{})
				version, refused := serves(t, r)
				require.Equal(t, "1.0.0", version)
				require.NoError(t, refused)
				require.Equal(t, "maintainer <maintainer@example.org>", r.Status().Served.Offer.Signature.By.Identity)

				c.publish(t, s)
				version, refused = serves(t, r)
				if c.tampered || required && c.refused != fault.Internal {
					require.Equal(t, "1.0.0", version, "the last good one stays")
					require.True(t, fault.Is(refused, c.refused), "%v", refused)
					require.ErrorContains(t, refused, c.why)
					require.NotEmpty(t, fault.HintOf(refused))
					continue
				}
				require.Equal(t, "1.0.1", version)
				require.NoError(t, refused)
				served := r.Status().Served.Offer.Signature
				require.True(t, served.Checked)
				if c.why == "" {
					require.NotNil(t, served.By)
					require.Empty(t, r.Status().Warnings)
					continue
				}
				require.Nil(t, served.By)
				require.Equal(t, []string{"version 1.0.1 is served although no key of the keyring vouches for it: " + c.why}, r.Status().Warnings)
			}
		})
	}
}

// trusting starts a resolver that takes what a ring vouches for, and gives the place
// where another ring may be put.
func (s *shelf) trusting(t *testing.T, ring *provenance.Ring) (*resolver.Resolver, *atomic.Pointer[provenance.Ring]) {
	t.Helper()
	now := new(atomic.Pointer[provenance.Ring])
	now.Store(ring)
	return start(t, resolver.FromRepository(s.client, chartRef, artifact.Selection{Constraint: "^1.0.0"},
		resolver.Trust{Ring: ring, Renewed: now.Load, Required: true}), everywhere(present("sha256:a")), resolver.Options{}), now
}

// With other keys, what was refused is judged anew, what is served stays, and what
// comes has to be signed by one of those.
func TestKeysAreReplaced(t *testing.T) {
	ours, ring := signer(t, "maintainer")
	theirs, other := signer(t, "successor")
	s := newShelf(t)
	s.checking(t)
	s.publishSigned(t, ours, "1.0.0", four, four)
	r, now := s.trusting(t, ring)
	version, refused := serves(t, r)
	require.Equal(t, "1.0.0", version)
	require.NoError(t, refused)
	s.publishSigned(t, theirs, "1.0.1", five, five)
	version, refused = serves(t, r)
	require.Equal(t, "1.0.0", version)
	require.ErrorContains(t, refused, "not in the keyring")

	now.Store(other)
	version, refused = serves(t, r)
	require.Equal(t, "1.0.1", version)
	require.NoError(t, refused)
	s.publishSigned(t, ours, "1.0.2", five, five)
	version, refused = serves(t, r)
	require.Equal(t, "1.0.1", version)
	require.ErrorContains(t, refused, "not in the keyring")

	// Keys of which none signed what is served: it stays.
	third, _ := signer(t, "somebody")
	now.Store(third.Ring())
	version, _ = serves(t, r)
	require.Equal(t, "1.0.1", version)
	s.Forget()
	_, _ = serves(t, r)
	for _, request := range s.Requests() {
		require.NotContains(t, request.Path, "/blobs/", "it is pulled once for other keys")
	}
}

// A catalog that was refused is judged by new keys also where the registry fails just when
// they come: it is asked for again.
func TestNewKeysAtABadMoment(t *testing.T) {
	ours, ring := signer(t, "ours")
	theirs, other := signer(t, "theirs")
	s := newShelf(t)
	s.checking(t)
	s.publishSigned(t, ours, "1.0.0", four, four)
	r, now := s.trusting(t, ring)
	_, refused := serves(t, r)
	require.NoError(t, refused)
	s.publishSigned(t, theirs, "1.0.1", five, five)
	_, refused = serves(t, r)
	require.ErrorContains(t, refused, "not in the keyring")

	now.Store(other)
	s.Hook(func(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		ill := strings.Contains(r.URL.Path, "/blobs/")
		if ill {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		return ill
	})
	version, _ := serves(t, r)
	require.Equal(t, "1.0.0", version)
	s.Hook(nil)
	version, refused = serves(t, r)
	require.NoError(t, refused)
	require.Equal(t, "1.0.1", version)
}

// Checking a signature costs one request more a version, and none while nothing
// changes; without a keyring it costs nothing.
func TestWhatASignatureCosts(t *testing.T) {
	key, ring := signer(t, "maintainer")
	for name, c := range map[string]struct {
		trust    resolver.Trust
		requests int
	}{
		"checked":     {resolver.Trust{Ring: ring, Required: true}, 4},
		"not checked": {resolver.Trust{}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShelf(t)
			if c.trust.Ring != nil {
				s.checking(t)
			}
			s.publishSigned(t, key, "1.0.0", four, four)
			r := start(t, resolver.FromRepository(s.client, chartRef, artifact.Selection{Version: "1.0.0"}, c.trust),
				everywhere(present("sha256:a")), resolver.Options{})
			s.Forget()
			require.NoError(t, r.Refresh(t.Context()))
			require.Len(t, s.Requests(), c.requests, "a HEAD, the manifest and its layers")
			s.Forget()
			require.NoError(t, r.Refresh(t.Context()))
			require.Len(t, s.Requests(), 1)
			require.Equal(t, http.MethodHead, s.Requests()[0].Method)
			require.Equal(t, c.trust.Ring != nil, r.Status().Served.Offer.Signature.Checked)
		})
	}
}

// A first catalog that nobody vouches for is not served either.
func TestTheFirstCatalogMustBeSignedToo(t *testing.T) {
	_, ring := signer(t, "maintainer")
	s := newShelf(t)
	s.checking(t)
	s.publish(t, "1.0.0", four)
	r := start(t, resolver.FromRepository(s.client, chartRef, artifact.Selection{Version: "1.0.0"}, resolver.Trust{Ring: ring, Required: true}),
		everywhere(present("sha256:a")), resolver.Options{})
	err := r.Refresh(t.Context())
	require.True(t, fault.Is(err, fault.Refused), "%v", err)
	require.Nil(t, r.Snapshot())
	require.True(t, strings.HasSuffix(err.Error(), "no key of the keyring vouches for it: it is not signed"), err)
}
