package server

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
)

// silent is a registry that says nothing.
type silent struct{}

func (silent) Ask(context.Context, []fact.Reference) fact.Report { return fact.Report{} }

// The shortcut saves time and changes nothing else.
func TestTheRouterAnswersForTheListAsTheShortcutDoes(t *testing.T) {
	follower := resolver.New(resolver.FromBundled(), func(string) resolver.Live { return silent{} }, resolver.Options{})
	defer follower.Close()
	require.NoError(t, follower.Refresh(t.Context()))
	s, err := New(follower, Options{})
	require.NoError(t, err)
	handler := s.Handler().(*front)
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		for _, target := range []string{listPath, listPath + "?state=stable", listPath + "?limit=0"} {
			short, long := httptest.NewRecorder(), httptest.NewRecorder()
			handler.ServeHTTP(short, httptest.NewRequest(method, target, nil))
			handler.router.ServeHTTP(long, httptest.NewRequest(method, target, nil))
			require.Equal(t, long.Result().StatusCode, short.Result().StatusCode)
			require.Equal(t, long.Header(), short.Header())
			require.Equal(t, long.Body.String(), short.Body.String())
		}
	}
}
