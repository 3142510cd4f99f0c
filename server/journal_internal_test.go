package server

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// story is a journal beside all that was ever written into it.
type story struct {
	*journal
	all    []*change
	resets []int // how much had been written when readers had to begin anew
}

func newStory(most, mostBytes int) *story {
	s := &story{journal: newJournal()}
	s.most, s.mostBytes = most, mostBytes
	return s
}

// go on writes some changes of random reach, or a reset.
func (s *story) goOn(random *rand.Rand) {
	if random.IntN(40) == 0 {
		s.write(nil, nil, false)
		s.resets = append(s.resets, len(s.all))
		return
	}
	var news []*change
	for range random.IntN(4) {
		c := &change{name: fmt.Sprint("image", len(s.all)+len(news)), reach: toPublic | toTools, text: make([]byte, random.IntN(30))}
		if random.IntN(2) == 0 {
			c.tool = fmt.Sprint("tool-", random.IntN(3))
			c.reach = reach(1 + random.IntN(3))
		}
		news = append(news, c)
	}
	s.write(nil, news, true)
	s.all = append(s.all, news...)
}

// since gives what an audience is told after the first n of all changes.
func (s *story) since(n int, a audience) (told []*change) {
	for _, c := range s.all[n:] {
		if c.shows(a) {
			told = append(told, c)
		}
	}
	return told
}

// Tools come and go for as long as a process lives; what is counted for those that
// are gone is forgotten, and with it every id that was given before.
func TestJournalForgetsToolsThatAreGone(t *testing.T) {
	j := newJournal()
	j.manyTools = 10
	old, _ := j.end("tool-0")
	id := fmt.Sprint(old.epoch, ".", old.count)
	for n := range 1000 {
		j.write(nil, []*change{{tool: fmt.Sprint("tool-", n), reach: toTools}}, true)
		require.LessOrEqual(t, len(j.counts.tools), 10)
	}
	_, _, known := j.read(&old)
	require.False(t, known, "it begins anew")
	_, known = j.resume("tool-0", id)
	require.False(t, known)
	now, _ := j.end("tool-0")
	require.NotEqual(t, old.epoch, now.epoch)
	_, known = j.resume("tool-0", fmt.Sprint(now.epoch, ".", now.count))
	require.True(t, known)
}

// drain reads all that there is.
func (s *story) drain(t *testing.T, p *position) (told []*change, ok bool) {
	t.Helper()
	for {
		before := p.place
		news, _, ok := s.read(p)
		if !ok {
			return nil, false
		}
		if p.place == before {
			return told, true
		}
		told = append(told, news...)
		p.count += uint64(len(news))
	}
}

// Each reader is told all that is for it, in order and once, or that it has to
// begin anew; and coming back behind any event is as if it had never left.
func TestJournal(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 5))
	audiences := []audience{anybody, "tool-0", "tool-1", "tool-9"}
	for range 50 {
		s := newStory(1+random.IntN(60), 1+random.IntN(900))
		type reader struct {
			position
			began int // how much had been written when it was told everything
		}
		var readers []*reader
		for range 200 {
			s.goOn(random)
			require.LessOrEqual(t, len(s.changes), s.most)
			require.LessOrEqual(t, s.bytes, s.mostBytes)
			if random.IntN(5) == 0 {
				at, _ := s.end(audiences[random.IntN(len(audiences))])
				readers = append(readers, &reader{at, len(s.all)})
			}
			for _, r := range readers {
				if random.IntN(4) > 0 {
					continue
				}
				want, count := s.since(r.began, r.audience), r.count
				back, known := s.resume(r.audience, fmt.Sprint(s.epoch, ".", r.count))
				told, ok := s.drain(t, &r.position)
				if !ok {
					require.True(t, len(s.all)-r.began > len(s.changes) || len(s.resets) > 0, "all of it is kept")
					end, _ := s.end(r.audience)
					r.position, r.began = end, len(s.all)
					continue
				}
				require.Equal(t, len(want), len(told))
				for i := range want {
					require.Same(t, want[i], told[i], "it is encoded once for all")
				}
				require.True(t, known, "what is kept for those who stay is kept for those who come back")
				again, ok := s.drain(t, &back)
				require.True(t, ok)
				require.Equal(t, told, again)
				require.Equal(t, r.position, back)
				require.Equal(t, count+uint64(len(told)), r.count)
				end, _ := s.end(r.audience)
				require.Equal(t, end, r.position, "the count is the same for all who follow a stream")
				r.began = len(s.all)
			}
		}
	}
}

// No two positions of a stream that differ in what follows have the same id.
func TestNobodyComesBackAcrossAReset(t *testing.T) {
	j := newJournal()
	at, _ := j.end(anybody)
	id := fmt.Sprint(j.epoch, ".", at.count)
	_, ok := j.resume(anybody, id)
	require.True(t, ok)
	j.write(nil, nil, false)
	for _, a := range []audience{anybody, "tool-a"} {
		_, ok = j.resume(a, id)
		require.False(t, ok)
	}
	_, _, ok = j.read(&at)
	require.False(t, ok, "nor goes on as if nothing had been")
}

func FuzzLastEventID(f *testing.F) {
	j := newJournal()
	for n := range 5 {
		j.write(nil, []*change{{name: fmt.Sprint(n), reach: toPublic, tool: "tool-a"}}, true)
	}
	for _, id := range []string{"", ".", j.epoch, j.epoch + ".", j.epoch + ".3", j.epoch + ".6", j.epoch + ".03", j.epoch + ".+3", j.epoch + ".3 ", "x.3", j.epoch + ".18446744073709551616", j.epoch + ".3\x00"} {
		f.Add(id)
		f.Add(id + "." + j.epoch)
	}
	f.Fuzz(func(t *testing.T, id string) {
		at, ok := j.resume(anybody, id)
		require.Equal(t, ok, id == fmt.Sprint(j.epoch, ".", at.count) && at.count <= 5)
		if !ok {
			return
		}
		news, _, ok := j.read(&at)
		require.True(t, ok)
		require.Len(t, news, 5-int(at.count))
		_, ok = j.resume("tool-a", id)
		require.Equal(t, at.count == 5-uint64(len(news)) && id == j.epoch+".0", ok, "another stream, another count")
	})
}
