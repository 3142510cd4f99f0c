package inventory_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
)

// A repository that was gone while everything was listed, and is there again when
// it is asked about, has what it has now: after a restart what an earlier process
// knew of it may be older than what others have read there since.
func TestARepositoryThatComesBackDuringASweep(t *testing.T) {
	w := newWorld(t, setup{})
	w.project("tool-a", harbortest.Public, "web")
	w.project("tool-b", harbortest.Public, "web")
	w.round()
	memory, known := w.Memory()
	require.True(t, known)
	next := w.anew()
	next.Recall(memory)
	require.True(t, next.State().Recalled)

	w.DeleteRepository("tool-a/web")
	w.Fault(harbortest.Times(1, harbortest.And(harbortest.Of(harbortest.KindArtifacts), harbortest.PathContains("tool-a"))),
		func(rw http.ResponseWriter, r *http.Request, harbor http.Handler) {
			w.push("tool-a/web", "v2")
			harbor.ServeHTTP(rw, r)
		})
	var told []string
	next.Follow(func(s *inventory.State) {
		if !s.Recalled {
			told = short(has(s.View))
		}
	})
	require.NoError(t, next.Round(t.Context()))
	require.Equal(t, []string{"tool-a/web:v2", "tool-b/web:latest"}, told, "from the first state on that is no memory")
}
