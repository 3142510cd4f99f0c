package inventory_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
)

// Somebody who clears up in Harbor, and deletes something between any two pages,
// does not keep a sweep from its end, and hides nothing.
func TestASweepWhileRepositoriesAreDeleted(t *testing.T) {
	w := newWorld(t, setup{})
	var names []string
	for p := range 30 {
		project := fmt.Sprintf("tool-t%02d", p)
		w.AddProject(project, harbortest.Public)
		for r := range 30 {
			names = append(names, fmt.Sprintf("%s/r%02d", project, r))
			w.push(names[len(names)-1], "latest")
		}
	}
	var mu sync.Mutex
	deleted, clearing := 0, true
	w.Fault(harbortest.Of(harbortest.KindRepositories), func(rw http.ResponseWriter, r *http.Request, harbor http.Handler) {
		mu.Lock()
		if clearing {
			w.DeleteRepository(names[deleted])
			deleted++
		}
		mu.Unlock()
		harbor.ServeHTTP(rw, r)
	})
	w.round()
	mu.Lock()
	clearing = false
	require.Greater(t, deleted, len(names)/100)
	mu.Unlock()
	public := func(string) bool { return false }
	require.Equal(t, w.holds(names, public), has(w.round()))
}
