package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbor"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server"
)

// silent is a registry that answers nothing.
type silent struct{}

func (silent) Ask(context.Context, []fact.Reference) fact.Report {
	return fact.Report{Err: context.DeadlineExceeded}
}

// A server that does not believe who asks tells names and references, but not
// what an image was called once; so of an unknown reference that is said.
func TestAServerElsewhereDoesNotTellAll(t *testing.T) {
	for believes, sentences := range map[bool]int{true: 1, false: 2} {
		r := resolver.New(resolver.FromBundled(), func(string) resolver.Live { return silent{} }, resolver.Options{})
		require.NoError(t, r.Refresh(t.Context()))
		s, err := server.New(r, server.Options{Proven: func(*http.Request) bool { return believes }})
		require.NoError(t, err)
		listener := httptest.NewServer(s.Handler())
		t.Cleanup(listener.Close)
		base, err := url.Parse(listener.URL)
		require.NoError(t, err)

		answer, err := newFinder(newAsker(base, nil), true).findAll(t.Context(), []string{"old.example/bookworm", "bokworm", "bookworm", "old.example/tool-x/y"})
		require.NoError(t, err)
		former := answer.Results[0]
		require.Equal(t, http.StatusNotFound, former.Status)
		require.Len(t, former.Error, sentences)
		require.Equal(t, `there is no image "old.example/bookworm"; did you mean bookworm?`, former.Error[0])
		require.Len(t, answer.Results[1].Error, 1, "no reference")
		require.Equal(t, http.StatusOK, answer.Results[2].Status)
		require.Len(t, answer.Results[3].Error, 1, "no standard image is in a tool's project")
	}
}

// No tool has the name of nobody, and no project holds what it built.
func TestNobodyIsNoTool(t *testing.T) {
	project, isName := inventory.ProjectOf(nobody)
	require.True(t, isName, "or the server would refuse it")
	require.False(t, harbor.ValidProject(project))
}
