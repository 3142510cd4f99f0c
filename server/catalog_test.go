package server_test

import (
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

func (e *endpoint) catalog(t testing.TB) api.Catalog {
	t.Helper()
	return into[api.CatalogAnswer](e.get(t, "/v1/catalog"), http.StatusOK).Catalog
}

// private fails if an answer says where on this machine the catalog lies.
func (s *service) private(t testing.TB, a answer) {
	t.Helper()
	require.NotContains(t, string(a.body), s.directory)
	require.NotContains(t, string(a.body), "private-place")
}

func TestTheCatalogSaysWhatIsServed(t *testing.T) {
	clock := noon
	s := start(t, setup{values: sample, now: func() time.Time { return clock }})
	clock = clock.Add(90 * time.Second)
	a := s.get(t, "/v1/catalog")
	require.Empty(t, a.header.Get("ETag"), "it knows the clock")
	require.Equal(t, "no-store", a.header.Get("Cache-Control"))
	s.private(t, a)

	age, six, three := 90.0, 6, 3
	require.Equal(t, api.Catalog{
		FormatVersion: "1.0", Chart: "image-config", Version: "1.2.3", Reference: "directory", Source: "directory",
		LoadedAt: noon, ImageCount: len(sampleNames), Warnings: api.List[string]{},
		Sources: api.List[api.Source]{
			{Name: "directory", Kind: "chart", Status: "ok", AgeSeconds: &age, LastSuccessAt: noon, LastAttemptAt: noon},
			{Name: "one.test", Kind: "oci", Status: "ok", AgeSeconds: &age, LastSuccessAt: noon, LastAttemptAt: noon, ReferenceCount: &six},
			{Name: "two.test", Kind: "oci", Status: "ok", AgeSeconds: &age, LastSuccessAt: noon, LastAttemptAt: noon, ReferenceCount: &three},
		},
		Snapshot: api.Snapshot{Generation: 1, CreatedAt: noon, Day: "2026-08-01"},
	}, into[api.CatalogAnswer](a, http.StatusOK).Catalog)
}

func TestASourceThatFailsIsStaleWithItsReason(t *testing.T) {
	clock := noon
	s := start(t, setup{values: sample, now: func() time.Time { return clock }})
	clock = clock.Add(time.Minute)
	s.registries.fail("two.test", refused("two.test"))
	s.refresh(t)

	a := into[api.CatalogAnswer](s.get(t, "/v1/catalog"), http.StatusOK)
	two := a.Catalog.Sources[2]
	require.Equal(t, "failing", two.Status)
	require.Equal(t, &api.SourceError{Kind: "unreachable", Message: "ask registry: two.test: connection refused"}, two.Error)
	require.InDelta(t, 60, *two.AgeSeconds, 0)
	require.Equal(t, noon, two.LastSuccessAt)
	require.Equal(t, clock, two.LastAttemptAt)
	require.True(t, two.Stale)
	require.Equal(t, "ok", a.Catalog.Sources[1].Status)
	require.Len(t, a.Messages.Warning, 1)
	require.EqualValues(t, 2, a.Catalog.Snapshot.Generation)
}

func TestAClockThatIsSetBackMakesNoNegativeAge(t *testing.T) {
	clock := noon
	s := start(t, setup{values: sample, now: func() time.Time { return clock }})
	clock = clock.Add(-time.Hour)
	for _, source := range s.catalog(t).Sources {
		require.Zero(t, *source.AgeSeconds)
	}
}

// mistaken has three mistakes, each of which keeps it from being served.
var mistaken = strings.NewReplacer(
	"    state: deprecated\n    aliases: [tf-ruby25]", "    state: depricated\n    aliases: [tf-python37]",
	"image: one.test/n-upper", "image: one.test/n upper").Replace(sample)

func TestARefusedCatalogLeavesTheLastGoodOneAndSaysWhy(t *testing.T) {
	s := start(t, setup{values: sample})
	before := s.get(t, "/v1/images")
	s.write(t, "values.yaml", mistaken)
	s.refresh(t)

	a := s.get(t, "/v1/catalog")
	s.private(t, a)
	catalog := into[api.CatalogAnswer](a, http.StatusOK).Catalog
	require.NotNil(t, catalog.Refused)
	require.Equal(t, "invalid", catalog.Refused.Code)
	require.Equal(t, noon, catalog.Refused.At)
	require.Regexp(t, `^the catalog has 3 errors, the first: images\.N\.image: .* \(line 10\)$`, catalog.Refused.Reason)
	paths := []string{}
	for _, f := range catalog.Refused.Findings {
		require.NotEmpty(t, f.Rule)
		require.NotEmpty(t, f.Message)
		require.Positive(t, f.Line)
		paths = append(paths, f.Path)
	}
	require.Equal(t, []string{"images.N.image", `images."ruby2.5".state`, `images."ruby2.5".aliases[0]`}, paths)
	require.Equal(t, len(sampleNames), catalog.ImageCount)
	require.Equal(t, before.body, s.get(t, "/v1/images").body)

	s.write(t, "values.yaml", sample)
	s.refresh(t)
	require.Nil(t, s.catalog(t).Refused)
}

func TestOneMistakeIsOneError(t *testing.T) {
	s := start(t, setup{values: sample})
	s.write(t, "values.yaml", strings.Replace(sample, "state: beta", "state: alpha", 1))
	s.refresh(t)
	require.Regexp(t, `^the catalog has 1 error: images\.N\.state: `, s.catalog(t).Refused.Reason)
}

func TestWarningsOfTheCatalogHaveNoPath(t *testing.T) {
	s := start(t, setup{values: strings.Replace(sample, "    state: beta\n", "    state: beta\n    colour: blue\n", 1)})
	a := s.get(t, "/v1/catalog")
	s.private(t, a)
	warnings := into[api.CatalogAnswer](a, http.StatusOK).Catalog.Warnings
	require.Len(t, warnings, 1)
	require.Regexp(t, `^images\.N\.colour: .*\(line 10\)$`, warnings[0])
}

// Whatever becomes of the files, nobody learns where they were.
func TestACatalogThatCannotBeReadStaysServed(t *testing.T) {
	for name, spoil := range map[string]func(t *testing.T, s *service){
		"gone":    func(t *testing.T, s *service) { require.NoError(t, os.Rename(s.directory, s.directory+".away")) },
		"no file": func(t *testing.T, s *service) { require.NoError(t, os.Remove(s.directory+"/values.yaml")) },
		"no chart": func(t *testing.T, s *service) {
			require.NoError(t, os.RemoveAll(s.directory))
			require.NoError(t, os.WriteFile(s.directory, []byte("no chart"), 0o644))
		},
		"no YAML":   func(t *testing.T, s *service) { s.write(t, "values.yaml", "\t{") },
		"too large": func(t *testing.T, s *service) { s.write(t, "values.yaml", strings.Repeat("# long\n", 1<<20)) },
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, setup{values: sample})
			spoil(t, s)
			s.refresh(t)
			a := s.get(t, "/v1/catalog")
			s.private(t, a)
			s.private(t, s.get(t, "/v1/metrics"))
			catalog := into[api.CatalogAnswer](a, http.StatusOK).Catalog
			require.Equal(t, "1.2.3", catalog.Version)
			require.True(t, catalog.Refused != nil || catalog.Sources[0].Error != nil)
			require.Equal(t, sampleNames, s.names(t, ""))
		})
	}
}

// What other packages take care not to say is not said by a detour either.
func TestAHostsErrorIsToldAsItsSourceTellsIt(t *testing.T) {
	s := start(t, setup{values: sample})
	s.registries.fail("one.test", &fault.Error{
		Kind: fault.Denied, Op: "ask registry", Side: "one.test", Hint: "log in", Err: errors.New("401 Unauthorized"),
	})
	s.refresh(t)
	require.Equal(t, &api.SourceError{Kind: "denied", Message: "ask registry: one.test: 401 Unauthorized"}, s.catalog(t).Sources[1].Error)
}
