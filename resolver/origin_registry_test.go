package resolver_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/artifact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// four is a catalog with four names, and fourWith one more than that.
var (
	four = images(map[string]string{
		"a": "a.example/a", "b": "a.example/b", "c": "a.example/c", "d": "a.example/d",
	})
	five = images(map[string]string{
		"a": "a.example/a", "b": "a.example/b", "c": "a.example/c", "d": "a.example/d", "e": "a.example/e",
	})
	lone = images(map[string]string{"a": "a.example/a"})
)

// serves tells which version a resolver serves after one more look.
func serves(t *testing.T, r *resolver.Resolver) (version string, refused error) {
	t.Helper()
	require.NoError(t, r.Refresh(t.Context()))
	status := r.Status()
	require.Equal(t, status.Served.Chart.Catalog, r.Snapshot().Catalog)
	if status.Refused != nil {
		refused = status.Refused.Err
	}
	return status.Served.Chart.Metadata.Version, refused
}

func TestExactVersion(t *testing.T) {
	s := newShelf(t)
	digest := s.publish(t, "1.0.0", four)
	r := s.follow(t, artifact.Selection{Version: "1.0.0"})
	require.NoError(t, r.Refresh(t.Context()))
	offer := r.Status().Served.Offer
	require.Equal(t, resolver.OriginOCI, offer.Kind)
	require.Equal(t, digest, offer.Digest)
	require.Equal(t, "oci://registry.example/toolforge/image-config:1.0.0@"+digest, offer.Reference)
	require.Equal(t, resolver.Requested{Version: "1.0.0"}, offer.Requested)

	s.publish(t, "1.0.1", five)
	s.Forget()
	version, refused := serves(t, r)
	require.Equal(t, "1.0.0", version, "another version is another decision")
	require.NoError(t, refused)
	require.Len(t, s.Requests(), 1, "unchanged costs one request")
	require.Equal(t, http.MethodHead, s.Requests()[0].Method)
}

func TestATamperedVersionIsNotTaken(t *testing.T) {
	s := newShelf(t)
	s.publish(t, "1.0.0", four)
	r := s.follow(t, artifact.Selection{Version: "1.0.0"})
	require.NoError(t, r.Refresh(t.Context()))
	before := r.Snapshot()

	s.retag(t, "1.0.0", "kept")
	s.withdraw(t, "1.0.0")
	s.publish(t, "1.0.0", five)
	version, refused := serves(t, r)
	require.Equal(t, "1.0.0", version)
	require.True(t, fault.Is(refused, fault.Tampered), "%v", refused)
	require.Contains(t, fault.HintOf(refused), "publish the new content under a new version")
	require.Same(t, before, r.Snapshot())
	require.Equal(t, "1.0.0", r.Status().Refused.Offer.Version)

	s.Forget()
	_, refused = serves(t, r)
	require.Error(t, refused, "it stays refused")
	require.Len(t, s.Requests(), 1, "and is not pulled again")

	s.withdraw(t, "1.0.0")
	s.retag(t, "kept", "1.0.0")
	_, refused = serves(t, r)
	require.NoError(t, refused, "the old content is back")
	require.Same(t, before, r.Snapshot())
}

func TestAVanishedVersionStays(t *testing.T) {
	s := newShelf(t)
	s.publish(t, "1.0.0", four)
	r := s.follow(t, artifact.Selection{Version: "1.0.0"})
	require.NoError(t, r.Refresh(t.Context()))
	before := r.Snapshot()

	s.withdraw(t, "1.0.0")
	version, refused := serves(t, r)
	require.Equal(t, "1.0.0", version)
	require.NoError(t, refused)
	require.Same(t, before, r.Snapshot())
	status := r.Status()
	require.True(t, fault.Is(status.Sources[0].Err, fault.NotFound))
	require.True(t, status.Sources[0].Stale)
	require.Equal(t, []string{"version 1.0.0 is no longer where it was published: it stays served"}, status.Warnings)
}

// Under a constraint nothing is asked for by name: that the served version is
// gone shows in an older one being the newest.
func TestAVanishedVersionStaysUnderAConstraint(t *testing.T) {
	s := newShelf(t)
	s.publish(t, "1.0.4", four)
	s.publish(t, "1.0.5", four)
	r := s.follow(t, artifact.Selection{Constraint: "^1.0.0"})
	require.NoError(t, r.Refresh(t.Context()))
	require.Empty(t, r.Status().Warnings)

	s.withdraw(t, "1.0.5")
	version, refused := serves(t, r)
	require.Equal(t, "1.0.5", version)
	require.True(t, fault.Is(refused, fault.Refused))
	require.Equal(t, []string{"version 1.0.5 is no longer where it was published: it stays served"}, r.Status().Warnings)
}

func TestUnderAConstraint(t *testing.T) {
	mostlyBuried := lone + `tombstones:
  b: {date: "2026-01-01", reason: gone}
  c: {date: "2026-01-01", reason: gone}
  d: {date: "2026-01-01", reason: gone}
  e: {date: "2026-01-01", reason: gone}
`
	for name, c := range map[string]struct {
		publish func(t *testing.T, s *shelf) // after 1.0.5, with five names, is served
		version string
		refused fault.Kind // Internal if it is not
		message string
	}{
		"newer": {
			func(t *testing.T, s *shelf) { s.publish(t, "1.0.6", four) }, "1.0.6", fault.Internal, "",
		},
		"newest of several": {
			func(t *testing.T, s *shelf) {
				s.publish(t, "1.0.10", four)
				s.publish(t, "1.0.9", four)
			}, "1.0.10", fault.Internal, "",
		},
		"outside": {
			func(t *testing.T, s *shelf) { s.publish(t, "2.0.0", four) }, "1.0.5", fault.Internal, "",
		},
		"older published later": {
			func(t *testing.T, s *shelf) { s.publish(t, "1.0.4", four) }, "1.0.5", fault.Internal, "",
		},
		"only an older one is left": {
			func(t *testing.T, s *shelf) {
				s.publish(t, "1.0.4", four)
				s.withdraw(t, "1.0.5")
			}, "1.0.5", fault.Refused,
			"take catalog: version 1.0.4: it is older than version 1.0.5, which is served",
		},
		"rewritten": {
			func(t *testing.T, s *shelf) {
				s.withdraw(t, "1.0.5")
				s.publish(t, "1.0.5", four)
			}, "1.0.5", fault.Tampered,
			"take catalog: version 1.0.5: its digest changed since it was taken: a published version does not change",
		},
		"other build metadata": {
			func(t *testing.T, s *shelf) { s.publish(t, "1.0.5+b", four) }, "1.0.5+b", fault.Internal, "",
		},
		"most names lost": {
			func(t *testing.T, s *shelf) { s.publish(t, "1.0.6", lone) }, "1.0.5", fault.Refused,
			"take catalog: version 1.0.6: it keeps 1 of the 5 names of version 1.0.5",
		},
		"most names buried": {
			func(t *testing.T, s *shelf) { s.publish(t, "1.0.6", mostlyBuried) }, "1.0.6", fault.Internal, "",
		},
		"equal content": {
			func(t *testing.T, s *shelf) { s.publish(t, "1.0.6", five) }, "1.0.6", fault.Internal, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShelf(t)
			s.publish(t, "1.0.5", five)
			r := s.follow(t, artifact.Selection{Constraint: "^1.0.0"})
			require.NoError(t, r.Refresh(t.Context()))
			before := r.Snapshot()
			c.publish(t, s)
			version, refused := serves(t, r)
			require.Equal(t, c.version, version)
			require.Same(t, before.Image("a"), r.Snapshot().Image("a"), "what is the same is shared")
			if c.refused == fault.Internal {
				require.NoError(t, refused)
				return
			}
			require.True(t, fault.Is(refused, c.refused), "%v", refused)
			require.EqualError(t, refused, c.message)
			require.NotEmpty(t, fault.HintOf(refused))
		})
	}
}

func TestAnExactVersionMayLoseNames(t *testing.T) {
	s := newShelf(t)
	s.publish(t, "1.0.0", lone)
	r := s.follow(t, artifact.Selection{Version: "1.0.0"})
	version, refused := serves(t, r)
	require.Equal(t, "1.0.0", version)
	require.NoError(t, refused)
}

// Builds of merge requests lie beside the releases and sort above them.
func TestPreReleasesCountByPattern(t *testing.T) {
	s := newShelf(t)
	s.publish(t, "0.0.28-20260722001336-ea583302", four)
	s.publish(t, "0.0.29-dev-mr-7", five)
	r := s.follow(t, artifact.Selection{
		Constraint: ">=0.0.1", PreReleases: regexp.MustCompile(`^0\.0\.\d+-\d{14}-[0-9a-f]{8}$`),
	})
	version, _ := serves(t, r)
	require.Equal(t, "0.0.28-20260722001336-ea583302", version)

	s.publish(t, "0.0.28-20260722001337-00000000", five)
	version, refused := serves(t, r)
	require.NoError(t, refused)
	require.Equal(t, "0.0.28-20260722001337-00000000", version)
}

func TestAMovingTag(t *testing.T) {
	s := newShelf(t)
	s.publish(t, "1.0.0", four)
	s.publish(t, "1.1.0", five)
	s.retag(t, "1.1.0", "live")
	r := s.follow(t, artifact.Selection{Version: "live"})
	version, _ := serves(t, r)
	require.Equal(t, "1.1.0", version)

	s.retag(t, "1.0.0", "live")
	version, refused := serves(t, r)
	require.Equal(t, "1.1.0", version)
	require.True(t, fault.Is(refused, fault.Refused), "%v", refused)

	s.publish(t, "1.2.0", four)
	s.retag(t, "1.2.0", "live")
	version, refused = serves(t, r)
	require.Equal(t, "1.2.0", version)
	require.NoError(t, refused)
}

func TestADigest(t *testing.T) {
	s := newShelf(t)
	digest := s.publish(t, "1.0.0", four)
	s.publish(t, "1.0.1", five)
	ref := chartRef
	ref.Digest = digest
	r := start(t, resolver.FromRepository(s.client, ref, artifact.Selection{}, resolver.Trust{}), everywhere(present("sha256:a")), resolver.Options{})
	version, refused := serves(t, r)
	require.Equal(t, "1.0.0", version)
	require.NoError(t, refused)
	require.Equal(t, resolver.Requested{Digest: digest}, r.Status().Served.Offer.Requested)
}

// A publication that holds no usable chart is refused with its reason, and is
// not pulled at every look.
func TestABrokenPublicationIsPulledOnce(t *testing.T) {
	s := newShelf(t)
	s.publish(t, "1.0.0", four)
	r := s.follow(t, artifact.Selection{Constraint: "^1.0.0"})
	require.NoError(t, r.Refresh(t.Context()))

	s.publishFiles(t, map[string]string{"Chart.yaml": chartYAML("1.0.1")})
	version, refused := serves(t, r)
	require.Equal(t, "1.0.0", version)
	require.True(t, fault.Is(refused, fault.Invalid), "%v", refused)
	require.Contains(t, refused.Error(), "values.yaml")
	require.Contains(t, r.Status().Warnings[0], "holds something that cannot be used")

	s.Forget()
	_, refused = serves(t, r)
	require.Error(t, refused)
	for _, request := range s.Requests() {
		require.NotContains(t, request.Path, "/blobs/")
	}

	s.publish(t, "1.0.2", five)
	version, refused = serves(t, r)
	require.Equal(t, "1.0.2", version)
	require.NoError(t, refused)
}

// A registry that had a bad moment while a new version was fetched does not cost
// that version a minute.
func TestABadMomentOfTheRegistryIsForgottenSoon(t *testing.T) {
	s := newShelf(t)
	s.publish(t, "1.0.0", four)
	r := s.follow(t, artifact.Selection{Constraint: ">=1.0.0"})
	require.NoError(t, r.Refresh(t.Context()))
	s.publish(t, "1.0.1", five)
	s.Hook(func(w http.ResponseWriter, r *http.Request, next http.Handler) bool {
		if r.Method == http.MethodHead || !strings.Contains(r.URL.Path, "/manifests/") {
			return false
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte("null"))
		return true
	})
	version, refused := serves(t, r)
	require.Equal(t, "1.0.0", version)
	require.Error(t, refused)
	s.Hook(nil)
	require.Eventually(t, func() bool {
		version, refused = serves(t, r)
		return version == "1.0.1" && refused == nil
	}, 30*time.Second, 50*time.Millisecond)
}

func TestAShelfThatIsDown(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		kind   fault.Kind
	}{
		"503": {http.StatusServiceUnavailable, fault.Unreachable},
		"401": {http.StatusUnauthorized, fault.Denied},
		"403": {http.StatusForbidden, fault.Denied},
		"429": {http.StatusTooManyRequests, fault.RateLimited},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShelf(t)
			s.publish(t, "1.0.0", four)
			r := s.follow(t, artifact.Selection{Version: "1.0.0"})
			require.NoError(t, r.Refresh(t.Context()))
			before := r.Snapshot()
			s.Hook(func(w http.ResponseWriter, _ *http.Request, _ http.Handler) bool {
				w.WriteHeader(c.status)
				return true
			})
			version, refused := serves(t, r)
			require.Equal(t, "1.0.0", version)
			require.NoError(t, refused)
			require.Same(t, before, r.Snapshot())
			require.Equal(t, c.kind, fault.KindOf(r.Status().Sources[0].Err), "%v", r.Status().Sources[0].Err)

			s.Hook(nil)
			_, refused = serves(t, r)
			require.NoError(t, refused)
			require.NoError(t, r.Status().Sources[0].Err)
		})
	}
}
