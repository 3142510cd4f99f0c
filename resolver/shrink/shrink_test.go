package shrink_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/shrink"
)

var noon = time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)

// source is a source of a hundred names, and what is believed of it.
type source struct {
	t      *testing.T
	policy shrink.Policy
	watch  shrink.Watch
	now    time.Time
	known  map[string]bool // what it is believed to have
}

func newSource(t *testing.T) *source {
	s := &source{t: t, policy: shrink.Policy{Few: 4, Patience: time.Minute}, now: noon, known: map[string]bool{}}
	for n := range 100 {
		s.known[name(n)] = true
	}
	return s
}

func name(n int) string { return fmt.Sprintf("image %02d", n) }

// lacks lets so much time pass, and the source answer that it has not the names
// from a number to another; it tells whether that was believed.
func (s *source) lacks(after time.Duration, from, to int) (believed bool) {
	s.t.Helper()
	return s.answers(after, from, to, false) == nil
}

func (s *source) answers(after time.Duration, from, to int, partial bool) *shrink.Doubt {
	s.t.Helper()
	s.now = s.now.Add(after)
	gone := map[string]bool{}
	for n := from; n < to; n++ {
		gone[name(n)] = true
	}
	a := shrink.Answer{At: s.now, Partial: partial, Back: func(name string) bool { return !gone[name] }}
	for name := range s.known {
		if gone[name] {
			a.Lost = append(a.Lost, name)
		} else {
			a.Kept++
		}
	}
	next, doubt := s.watch.Judge(s.policy, a)
	s.watch = next
	if doubt != nil {
		return doubt
	}
	for n := range 100 {
		if gone[name(n)] {
			delete(s.known, name(n))
		} else if !partial {
			s.known[name(n)] = true
		}
	}
	return nil
}

func TestHalfIsDoubted(t *testing.T) {
	require.True(t, newSource(t).lacks(0, 0, 49))
	require.False(t, newSource(t).lacks(0, 0, 50))
	require.False(t, newSource(t).lacks(0, 0, 100))
	few := newSource(t)
	few.policy.Few = 101
	require.True(t, few.lacks(0, 0, 100), "of so few somebody may have deleted most")
}

// It takes both: time alone is two answers far apart, repetition alone is a
// burst of them.
func TestALossIsConfirmedByRepetitionAndTime(t *testing.T) {
	s := newSource(t)
	require.False(t, s.lacks(0, 0, 60))
	require.False(t, s.lacks(10*time.Minute, 0, 60), "twice")
	require.True(t, s.lacks(0, 0, 60), "three times")
	require.Empty(t, s.watch.Loss)

	s = newSource(t)
	for range 20 {
		require.False(t, s.lacks(2*time.Second, 0, 60))
	}
	require.False(t, s.lacks(20*time.Second-time.Millisecond, 0, 60), "58 s")
	require.True(t, s.lacks(2*time.Second+time.Millisecond, 0, 60))
}

// Two backends behind one name, both wrong: whoever is asked says something else.
func TestAFlappingLossIsNeverBelieved(t *testing.T) {
	s := newSource(t)
	for range 1000 {
		require.False(t, s.lacks(2*time.Second, 0, 60))
		require.False(t, s.lacks(2*time.Second, 30, 100))
	}
	for range 29 {
		require.False(t, s.lacks(2*time.Second, 0, 60))
	}
	require.False(t, s.lacks(2*time.Second-time.Millisecond, 0, 60))
	require.True(t, s.lacks(2*time.Second+time.Millisecond, 0, 60), "it settled")
}

func TestWhatComesBackIsBelievedAtOnce(t *testing.T) {
	s := newSource(t)
	require.False(t, s.lacks(0, 0, 60))
	require.False(t, s.lacks(59*time.Second, 0, 60))
	require.True(t, s.lacks(2*time.Second, 0, 0))
	require.False(t, s.lacks(2*time.Second, 0, 60), "the next loss begins anew")
	require.False(t, s.lacks(30*time.Second, 0, 60))
}

// Small steps are believed, up to where they make the half of what there was an
// hour ago.
func TestSmallStepsAreOneLargeOne(t *testing.T) {
	s := newSource(t)
	for n := 10; n < 50; n += 10 {
		require.True(t, s.lacks(10*time.Second, 0, n), n)
	}
	require.False(t, s.lacks(10*time.Second, 0, 50))
	for n := 51; n < 100; n++ {
		require.False(t, s.lacks(10*time.Second, 0, n), "it goes on, and is never twice the same")
	}
	require.Len(t, s.known, 60)
	require.False(t, s.lacks(10*time.Second, 0, 99))
	require.True(t, s.lacks(time.Minute, 0, 99), "it came to rest")
	require.Empty(t, s.watch.Gone, "what was confirmed is the measure of what follows")
}

// Over many hours a platform may well shrink to nothing.
func TestWhatWentLongAgoDoesNotCount(t *testing.T) {
	s := newSource(t)
	for n := 10; n <= 90; n += 10 {
		// What there is an hour ago is at most 10 more, and half of 20 is 10.
		require.Equal(t, n < 90, s.lacks(time.Hour+time.Second, 0, n), n)
	}
}

// What went and came back is not counted twice.
func TestWhatCameBackDoesNotCount(t *testing.T) {
	s := newSource(t)
	for range 10 {
		require.True(t, s.lacks(10*time.Second, 0, 40))
		require.True(t, s.lacks(10*time.Second, 0, 0))
	}
	require.True(t, s.lacks(10*time.Second, 60, 100))
}

// An answer about a part is no repetition, and takes none back; what it says is
// gone is not believed on the way.
func TestAPartIsNoRepetition(t *testing.T) {
	s := newSource(t)
	require.False(t, s.lacks(0, 0, 60))
	for range 10 {
		require.NotNil(t, s.answers(2*time.Second, 0, 20, true))
	}
	require.False(t, s.lacks(0, 0, 60))
	require.NotNil(t, s.answers(time.Minute, 0, 60, true), "three times, but once in part")
	require.True(t, s.lacks(0, 0, 60))

	s = newSource(t)
	require.NotNil(t, s.answers(0, 0, 60, true), "nor does one begin it")
	require.False(t, s.lacks(0, 0, 60))
	require.False(t, s.lacks(time.Minute, 0, 60))
	require.True(t, s.lacks(0, 0, 60))
}

func TestAnAllowedLossIsBelievedAtOnce(t *testing.T) {
	s := newSource(t)
	doubt := s.answers(0, 0, 60, false)
	require.Equal(t, 60, doubt.Lost)
	require.Equal(t, 100, doubt.Had)
	s.policy.Allows = func(digest string) bool { return digest == doubt.Digest }
	require.False(t, s.lacks(0, 0, 61), "another loss is not the one that was allowed")
	require.True(t, s.lacks(0, 0, 60))
}

// A clock that is set back only makes it take longer.
func TestAClockThatIsSet(t *testing.T) {
	s := newSource(t)
	require.False(t, s.lacks(0, 0, 60))
	require.False(t, s.lacks(-time.Hour, 0, 60))
	require.False(t, s.lacks(30*time.Second, 0, 60))
	require.True(t, s.lacks(30*time.Second, 0, 60))
}

func TestADoubtSaysWhatToDo(t *testing.T) {
	err := newSource(t).answers(0, 0, 60, false).Error("ask registry", "a.example", "images")
	require.True(t, fault.Is(err, fault.Refused))
	require.Regexp(t, `^ask registry: a.example: it says that 60 of 100 images are gone that it had: not believed before it has said exactly that 3 times and until 2026-08-01T12:01:00Z \(loss sha256:[0-9a-f]{64}\)$`, err.Error())
	require.Contains(t, fault.HintOf(err), "--allow-digest")
}
