package main

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbor"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
)

// The first reading of a large Harbor takes minutes: how far it is can be seen.
func TestFirstReadingIsLogged(t *testing.T) {
	h := aHarbor(t, harbortest.Options{})
	for i := range 50 {
		project := fmt.Sprintf("tool-t%d", i)
		h.AddProject(project, harbortest.Public)
		for _, name := range []string{"/web", "/worker"} {
			_, err := h.Push(project+name, "latest", harbortest.Profile{})
			require.NoError(t, err)
		}
	}
	hosts, err := endpoint.New(map[string]endpoint.Config{harborHost: {URL: h.URL}},
		endpoint.Options{Credentials: as("robot$bayplan", robotSecret)})
	require.NoError(t, err)
	var log strings.Builder
	watch := newHarborWatch(harbor.New(hosts.For(harborHost), harbor.Options{}), new(logFlags).logger(&log))
	watch.every = 0 // each answer is worth a line
	rows, err := watch.AllRepositories(t.Context())
	require.NoError(t, err)
	for i := range 3 {
		_, err := watch.ProjectArtifacts(t.Context(), fmt.Sprintf("tool-t%d", i))
		require.NoError(t, err)
	}
	_, err = watch.RepositoryArtifacts(t.Context(), "tool-t9/web")
	require.NoError(t, err)
	require.Len(t, rows, 103)
	require.Contains(t, log.String(), `msg="reading all of Harbor for the first time" repositories=103`)
	require.Contains(t, log.String(), `msg="still reading all of Harbor for the first time" repositories=103 answers=4`)

	// Ten seconds are not over yet; and later readings are nobody's business.
	watch.every = progressEvery
	before := log.String()
	_, err = watch.ProjectArtifacts(t.Context(), "tool-t9")
	require.NoError(t, err)
	watch.every, _ = 0, watch.read.Swap(true)
	_, err = watch.AllRepositories(t.Context())
	require.NoError(t, err)
	_, err = watch.ProjectArtifacts(t.Context(), "tool-t9")
	require.NoError(t, err)
	require.Equal(t, before, log.String())
}

// What the service says of a Harbor, it says once.
func TestHarborIsIntroducedOnce(t *testing.T) {
	h := aHarbor(t, harbortest.Options{})
	o := &serveOptions{listen: "127.0.0.1:0"}
	o.log.level.value = "debug"
	s := serveHere(t, o, h)
	s.said(t, isReady)
	for i := range 3 {
		_, err := h.Push("tool-alpha/alpha", fmt.Sprintf("v%d", i), harbortest.Profile{})
		require.NoError(t, err)
		s.said(t, regexp.MustCompile("snapshot published"))
	}
	require.Equal(t, 1, strings.Count(s.output(), "all of Harbor was read"))
	require.Equal(t, 1, strings.Count(s.output(), "reading all of Harbor for the first time"))
}
