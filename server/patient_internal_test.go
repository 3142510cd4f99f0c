package server

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// deadlined is a ResponseWriter that notes its deadlines.
type deadlined struct {
	http.ResponseWriter
	deadlines []time.Time
}

func (d *deadlined) SetWriteDeadline(at time.Time) error {
	d.deadlines = append(d.deadlines, at)
	return nil
}

// A write timeout is for a reader that takes nothing, not for a long list: each
// chunk gets all of it.
func TestEachChunkHasTheWholeWriteTimeout(t *testing.T) {
	for _, timeout := range []time.Duration{0, time.Hour} {
		request := httptest.NewRequest(http.MethodGet, "/v1/images", nil)
		request = request.WithContext(context.WithValue(request.Context(), http.ServerContextKey, &http.Server{WriteTimeout: timeout}))
		w := &deadlined{ResponseWriter: httptest.NewRecorder()}
		p := newPatient(w, request)
		before := time.Now()
		for range 3 {
			_, err := io.WriteString(p, "chunk")
			require.NoError(t, err)
		}
		if timeout == 0 {
			require.Empty(t, w.deadlines, "the operator wants none")
			continue
		}
		require.Len(t, w.deadlines, 3)
		for _, at := range w.deadlines {
			require.WithinRange(t, at, before.Add(timeout), time.Now().Add(timeout))
		}
	}
	// A writer without deadlines, and a request that no server got.
	_, err := io.WriteString(newPatient(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil)), "chunk")
	require.NoError(t, err)
}
