package server

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/history"
)

// What is kept of other versions is bounded in bytes, so what one weighs must be
// what it takes.
func TestWeightOfAVersion(t *testing.T) {
	for _, images := range []int{41, 400} {
		t.Run(fmt.Sprint(images), func(t *testing.T) {
			var values strings.Builder
			values.WriteString("formatVersion: \"1.0\"\nimages:\n")
			for i := range images {
				fmt.Fprintf(&values, "  image%d:\n    state: stable\n    aliases: [tf-image%[1]d]\n    variants:\n"+
					"      jobs-framework: {image: registry.example/image%[1]d-base:latest}\n"+
					"      webservice: {image: registry.example/image%[1]d-web:latest, extra: {wstype: generic}}\n", i)
			}
			held := make([]*pages, 10)
			before := inUse()
			for i := range held {
				loaded, err := chart.FromValues([]byte(values.String())).Load()
				require.NoError(t, err)
				held[i] = pagesOf(&history.Entry{Version: "1.0.0", Chart: loaded}, "2026-11-26")
			}
			took := (inUse() - before) / len(held)
			require.InDelta(t, took, weightOf(held[0]), 0.6*float64(took), "list of %d bytes", len(held[0].standard.list))
		})
	}
}

// inUse is how many bytes of the heap a collection leaves.
func inUse() int {
	runtime.GC()
	runtime.GC() // what the first one only handed to finalizers
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}
