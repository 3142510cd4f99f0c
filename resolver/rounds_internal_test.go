package resolver

import (
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// Whoever waits for a round that others have asked for already sets none going.
func TestRoundsAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ran atomic.Int32
		r := newRounds(func() {
			ran.Add(1)
			time.Sleep(time.Second)
		})
		first := r.next()
		require.EqualValues(t, 1, first)
		require.NoError(t, r.do(t.Context()))
		require.NoError(t, r.until(t.Context(), first), "it is over")
		require.EqualValues(t, 1, ran.Load())

		var waiting sync.WaitGroup
		second := r.next()
		for range 10 {
			waiting.Go(func() {
				if err := r.until(t.Context(), second); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait() // the second is under way
		third := r.next()
		require.EqualValues(t, 3, third)
		waiting.Wait()
		require.EqualValues(t, 2, ran.Load(), "nobody has asked for the third")
		require.NoError(t, r.until(t.Context(), third))
		require.EqualValues(t, 3, ran.Load())
	})
}
