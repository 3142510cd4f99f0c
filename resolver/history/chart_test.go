package history_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/artifact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/history"
)

var followed = artifact.Selection{Version: "1.0.0"}

func TestWhatAVersionSays(t *testing.T) {
	s := newShelf(t)
	digest := s.publish(t, "1.0.0")
	s.publish(t, "1.0.1+b")
	h := s.history(history.Options{}, followed)
	e, err := h.Get(t.Context(), "1.0.0")
	require.NoError(t, err)
	require.Equal(t, "1.0.0", e.Version)
	require.Equal(t, digest, e.Digest)
	require.Equal(t, digest, e.Identity)
	require.Equal(t, "1.0.0", e.Chart.Catalog.Images["bookworm"].Description)
	e, err = h.Get(t.Context(), "1.0.1+b")
	require.NoError(t, err)
	require.Equal(t, "1.0.1+b", e.Chart.Catalog.Images["bookworm"].Description)

	s.Forget()
	byDigest, err := h.Get(t.Context(), digest)
	require.NoError(t, err)
	require.Equal(t, "1.0.0", byDigest.Version)
	require.Empty(t, s.count(), "it is in memory")
}

// A version that was published a moment ago is found; one that is not there costs
// a list now and then, however often it is asked for.
func TestUnknownVersions(t *testing.T) {
	s := newShelf(t)
	s.publish(t, "1.0.0")
	h := s.history(history.Options{}, followed)
	_, err := h.List(t.Context())
	require.NoError(t, err)
	s.publish(t, "1.0.1")
	s.Forget()
	s.later(11 * time.Second)
	_, err = h.Get(t.Context(), "1.0.1")
	require.NoError(t, err)
	s.Forget()
	for i := range 100 {
		_, err = h.Get(t.Context(), fmt.Sprintf("2.0.%d", i))
		require.Equal(t, fault.NotFound, fault.KindOf(err))
	}
	for _, name := range []string{"", "latest", "../x", "1.0", strings.Repeat("x", 10_000), "sha256:abc"} {
		_, err = h.Get(t.Context(), name)
		require.Equal(t, fault.NotFound, fault.KindOf(err), name)
	}
	require.Empty(t, s.count())

	missing := "sha256:" + strings.Repeat("0", 64)
	for range 5 {
		_, err = h.Get(t.Context(), missing)
		require.Equal(t, fault.NotFound, fault.KindOf(err), "%v", err)
	}
	require.Equal(t, map[string]int{"GET": 1}, s.count(), "that it is not there is remembered")
}

// Charts are fetched once at a time for each, and only so many in a minute.
func TestHowMuchIsFetched(t *testing.T) {
	s := newShelf(t)
	for i := range 5 {
		s.publish(t, fmt.Sprintf("1.0.%d", i))
	}
	h := s.history(history.Options{PerMinute: 3}, followed)
	_, err := h.List(t.Context())
	require.NoError(t, err)
	s.Forget()
	var callers sync.WaitGroup
	for range 20 {
		callers.Go(func() {
			if _, err := h.Get(t.Context(), "1.0.0"); err != nil {
				t.Error(err)
			}
		})
	}
	callers.Wait()
	require.Equal(t, map[string]int{"GET": 1, "blob": 1}, s.count())
	for _, version := range []string{"1.0.1", "1.0.2"} {
		_, err := h.Get(t.Context(), version)
		require.NoError(t, err)
	}
	s.Forget()
	_, err = h.Get(t.Context(), "1.0.3")
	require.Equal(t, fault.RateLimited, fault.KindOf(err))
	require.InDelta(t, 20, fault.RetryAfterOf(err).Seconds(), 1.5)
	require.Empty(t, s.count())
	_, err = h.Get(t.Context(), "1.0.0")
	require.NoError(t, err, "what is in memory costs nothing")

	s.later(21 * time.Second)
	_, err = h.Get(t.Context(), "1.0.3")
	require.NoError(t, err)
}

func TestHowManyChartsAreKept(t *testing.T) {
	s := newShelf(t)
	for i := range 3 {
		s.publish(t, fmt.Sprintf("1.0.%d", i))
	}
	h := s.history(history.Options{Charts: 2}, followed)
	for i := range 3 {
		_, err := h.Get(t.Context(), fmt.Sprintf("1.0.%d", i))
		require.NoError(t, err)
	}
	s.Forget()
	_, err := h.Get(t.Context(), "1.0.2")
	require.NoError(t, err)
	require.Empty(t, s.count())
	_, err = h.Get(t.Context(), "1.0.0")
	require.NoError(t, err)
	require.Equal(t, map[string]int{"GET": 1, "blob": 1}, s.count(), "the one that was not asked for the longest went")
}

// What cannot be used says why, and is not fetched again for a minute.
func TestVersionsThatCannotBeUsed(t *testing.T) {
	s := newShelf(t)
	publish(t, s.client, "1.0.0", "formatVersion: \"1.0\"\nimages: {x: {state: stabel, image: a.example/x}}\n")
	publish(t, s.client, "1.0.1", "\t{")
	s.publish(t, "1.0.2")
	h := history.New(history.Repository{
		Client: s.client, Reference: chartRef, Selection: followed,
		Check: func(c *artifact.Chart) error {
			if c.Version == "1.0.2" {
				return fault.New(fault.Refused, "take catalog", c.Version, "nobody vouches for it")
			}
			return nil
		},
	}, history.Options{Now: s.time})
	for version, kind := range map[string]fault.Kind{"1.0.0": fault.Invalid, "1.0.1": fault.Invalid, "1.0.2": fault.Refused} {
		_, err := h.Get(t.Context(), version)
		require.Equal(t, kind, fault.KindOf(err), "%v", err)
		s.Forget()
		_, again := h.Get(t.Context(), version)
		require.Equal(t, err, again)
		require.Empty(t, s.count())
	}
	s.later(2 * time.Minute)
	_, err := h.Get(t.Context(), "1.0.0")
	require.Equal(t, fault.Invalid, fault.KindOf(err))
	require.Equal(t, 1, s.count()["blob"])
}

// That the registry does not answer is not that a version is not there.
func TestVersionsOfARegistryThatIsDown(t *testing.T) {
	s := newShelf(t)
	s.publish(t, "1.0.0")
	s.publish(t, "1.0.1")
	h := s.history(history.Options{}, followed)
	_, err := h.Get(t.Context(), "1.0.0")
	require.NoError(t, err)
	s.Hook(refuse(http.StatusServiceUnavailable))
	_, err = h.Get(t.Context(), "1.0.0")
	require.NoError(t, err, "it is in memory")
	_, err = h.Get(t.Context(), "1.0.1")
	require.Equal(t, fault.Unreachable, fault.KindOf(err))
	s.later(2 * time.Minute)
	_, err = h.Get(t.Context(), "1.0.9")
	require.Equal(t, fault.Unreachable, fault.KindOf(err), "it may be there all the same")

	_, err = newShelf(t).history(history.Options{}, followed).Get(t.Context(), "1.0.0")
	require.Equal(t, fault.NotFound, fault.KindOf(err), "a repository without versions")

	s.Hook(func(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		if !strings.Contains(r.URL.Path, "/blobs/") {
			return false
		}
		fmt.Fprint(w, "something else")
		return true
	})
	s.later(2 * time.Minute)
	_, err = h.Get(t.Context(), "1.0.1")
	require.Error(t, err)
	require.False(t, fault.Is(err, fault.NotFound), "%v", errors.Unwrap(err))
}

// What was served can be told although the registry never answered a question of
// the history. One that answers has the last word.
func TestWhatWasServedIsHeld(t *testing.T) {
	s := newShelf(t)
	digest := s.publish(t, "1.0.0")
	served, err := s.history(history.Options{}, followed).Get(t.Context(), "1.0.0")
	require.NoError(t, err)

	h := s.history(history.Options{}, followed)
	h.Hold(served)
	for _, status := range []int{http.StatusServiceUnavailable, http.StatusForbidden, http.StatusTooManyRequests} {
		s.later(time.Hour)
		s.Hook(refuse(status))
		for _, name := range []string{"1.0.0", digest} {
			e, err := h.Get(t.Context(), name)
			require.NoError(t, err, "%d", status)
			require.Equal(t, "1.0.0", e.Chart.Catalog.Images["bookworm"].Description)
		}
		_, err = h.Get(t.Context(), "0.9.0")
		require.Error(t, err, "it was never served")
	}

	s.Hook(nil)
	s.later(time.Hour)
	s.publish(t, "1.0.1")
	s.withdraw(t, "1.0.0")
	_, err = h.Get(t.Context(), "1.0.0")
	require.Equal(t, fault.NotFound, fault.KindOf(err))
}
