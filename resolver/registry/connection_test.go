package registry

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// Catalogs come and go for as long as a server runs.
func TestConnectionsNobodyUsesAreDropped(t *testing.T) {
	h := newHost(t)
	h.push(t, "image-0:latest")
	s := h.source(t, setup{})
	require.NoError(t, s.Ask(t.Context(), many(2)).Err)
	for i := range maxConnections {
		s.keep(fmt.Sprintf("old-%d", i), &connection{})
	}
	require.NoError(t, s.Ask(t.Context(), many(2)).Err)
	require.Len(t, s.connections, 2)
}
