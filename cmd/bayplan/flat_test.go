package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// series is one measure of a process over time.
type series struct {
	name   string
	values []float64
	// growth is how much of the middle the end may be more, and spare how much in
	// the measure's own unit: what a measure swings by itself.
	growth, spare float64
}

// grows tells whether the last quarter of a series is above the one before it, as
// medians; "" if not. What comes before is the time in which what is bounded fills.
func (s series) grows() string {
	n := len(s.values)
	middle, end := median(s.values[n/2:n-n/4]), median(s.values[n-n/4:])
	if end <= middle*(1+s.growth)+s.spare {
		return ""
	}
	return fmt.Sprintf("%s grows: %.0f, then %.0f", s.name, middle, end)
}

func (s series) String() string {
	n := len(s.values)
	var quarters [4]float64
	for k := range quarters {
		quarters[k] = median(s.values[k*n/4 : (k+1)*n/4])
	}
	return fmt.Sprintf("%s by quarters, medians: %.0f", s.name, quarters)
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// A measure that swings, fills up to a bound, or jumps once and comes back is flat;
// one that goes on growing is not, however slowly against its swings.
func TestGrows(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	of := func(f func(n float64) float64) series {
		s := series{name: "heap", growth: 0.05, spare: 1}
		for n := range 200 {
			s.values = append(s.values, f(float64(n))+5*(random.Float64()-0.5))
		}
		return s
	}
	for name, f := range map[string]func(n float64) float64{
		"level":          func(float64) float64 { return 100 },
		"fills":          func(n float64) float64 { return min(20+2*n, 120) },
		"falls":          func(n float64) float64 { return 200 - n/2 },
		"jumps for once": func(n float64) float64 { return 100 + 300*max(0, min(1, (n-180)*(195-n))) },
	} {
		require.Empty(t, of(f).grows(), name)
	}
	for name, f := range map[string]func(n float64) float64{
		"leaks":        func(n float64) float64 { return 100 + n },
		"leaks slowly": func(n float64) float64 { return 100 + n/5 },
		"steps":        func(n float64) float64 { return 100 + 20*float64(int(n)/40) },
	} {
		require.NotEmpty(t, of(f).grows(), name)
	}
	require.Equal(t, "heap by quarters, medians: [2 4 6 8]", series{name: "heap", values: []float64{1, 2, 3, 4, 5, 6, 7, 8}}.String())
}

// pace waits about so long between two things.
func pace(d time.Duration) time.Duration { return d/2 + rand.N(d) }
