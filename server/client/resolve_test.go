package client_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/client"
)

func TestResolve(t *testing.T) {
	p := startPlatform(t)
	c, _ := p.ask(t, client.Options{})
	for spelling, want := range map[string]string{
		"deb12": "one.test/bookworm:latest", "one.test/node20-web": "one.test/node20:latest",
		"tool-alpha/alpha": "harbor.test/tool-alpha/alpha:latest", "tool-gamma/gamma:latest": "harbor.test/tool-gamma/gamma:latest",
	} {
		got, err := c.Resolve(t.Context(), "gamma", spelling, client.ResolveQuery{})
		require.NoError(t, err, spelling)
		require.Equal(t, want, got.Body.Match.Image, spelling)
		require.Nil(t, got.Body.Explain)
	}
	require.Equal(t, "gamma", p.requests()[0].Header.Get("X-Toolforge-Tool"))
	got, err := c.Resolve(t.Context(), "gamma", "deb12", client.ResolveQuery{Fields: []string{"state"}, Explain: true})
	require.NoError(t, err)
	require.Empty(t, got.Body.Image.Image)
	require.Equal(t, api.RuleAlias, got.Body.Explain.Rule)

	p.push(t, "tool-gamma", harbortest.Private, "new:latest")
	_, err = c.Resolve(t.Context(), "gamma", "tool-gamma/new", client.ResolveQuery{Fresh: true})
	require.NoError(t, err)

	for spelling, status := range map[string]int{"bokworm": 404, "": 404, "x:y@sha:123": 404, "node6": 410, "tool-gamma/gamma:none": 404} {
		refusal := errorOf(t, second(c.Resolve(t.Context(), "gamma", spelling, client.ResolveQuery{})))
		require.ErrorIs(t, refusal, client.ErrNotThere, spelling)
		require.Equal(t, status, refusal.Status, spelling)
		require.NotNil(t, refusal.Body.Image, spelling)
	}
	hidden := errorOf(t, second(c.Resolve(t.Context(), "alpha", "tool-gamma/gamma:latest", client.ResolveQuery{})))
	require.ErrorIs(t, hidden, client.ErrNotThere, "what is private is not there for others")
	require.Error(t, second(c.Resolve(t.Context(), "", "x", client.ResolveQuery{})))
	require.Error(t, second(c.ResolveAll(t.Context(), "", []string{"x"}, client.ResolveQuery{})))
}

// Many names are answered in their order, whether they mean something or not, in
// batches that the server and proxies take.
func TestResolveAll(t *testing.T) {
	p := startPlatform(t)
	c, _ := p.ask(t, client.Options{})
	kinds := []string{"bookworm", "nobody", "node6", "tool-alpha/alpha", "bookworm"}
	status := map[string]int{"bookworm": 200, "nobody": 404, "node6": 410, "tool-alpha/alpha": 200}
	for n, requests := range map[int]int{0: 0, 1: 1, 2: 1, 100: 1, 101: 2, 250: 3} {
		p.requests()
		var names []string
		for i := range n {
			names = append(names, kinds[i%len(kinds)])
		}
		got, err := c.ResolveAll(t.Context(), "alpha", names, client.ResolveQuery{})
		require.NoError(t, err)
		require.Len(t, got.Body.Results, n)
		require.Len(t, p.requests(), requests, n)
		require.False(t, got.Stale())
		for i, result := range got.Body.Results {
			require.Equal(t, names[i], result.Name)
			require.Equal(t, status[names[i]], result.Status)
			require.Equal(t, result.Status == http.StatusOK, result.Match != nil)
		}
	}
	for _, name := range []string{"nobody", "node6"} {
		alone, err := c.ResolveAll(t.Context(), "alpha", []string{name}, client.ResolveQuery{Explain: true})
		require.NoError(t, err)
		among, err := c.ResolveAll(t.Context(), "alpha", []string{name, "bookworm"}, client.ResolveQuery{Explain: true})
		require.NoError(t, err)
		require.Equal(t, among.Body.Results[0], alone.Body.Results[0], "alone it is the same as among others")
	}
	alone, err := c.ResolveAll(t.Context(), "alpha", []string{"deb12"}, client.ResolveQuery{Explain: true})
	require.NoError(t, err)
	among, err := c.ResolveAll(t.Context(), "alpha", []string{"deb12", "bookworm"}, client.ResolveQuery{Explain: true})
	require.NoError(t, err)
	require.Equal(t, among.Body.Results[0], alone.Body.Results[0])
}

// Long names do not make a request that a proxy refuses.
func TestResolveAllKeepsRequestsShort(t *testing.T) {
	p := startPlatform(t)
	c, _ := p.ask(t, client.Options{})
	var names []string
	for i := range 20 {
		names = append(names, fmt.Sprintf("%d-%s", i, strings.Repeat("x", 900)))
	}
	got, err := c.ResolveAll(t.Context(), "alpha", names, client.ResolveQuery{})
	require.NoError(t, err)
	for i, result := range got.Body.Results {
		require.Equal(t, names[i], result.Name)
	}
	requests := p.requests()
	require.Len(t, requests, 4)
	for _, r := range requests {
		require.Less(t, len(r.URL.RawQuery), 6<<10)
	}
}

// Where the server does not answer, what it last said about these names stands
// in, and what it never said is nobody's to say.
func TestResolveAllInAnOutage(t *testing.T) {
	p := startPlatform(t)
	c, _ := p.ask(t, client.Options{MaxBody: 1 << 20})
	names := []string{"bookworm", "nobody"}
	good, err := c.ResolveAll(t.Context(), "alpha", names, client.ResolveQuery{})
	require.NoError(t, err)
	c.SetNow(func() time.Time { return good.ConfirmedAt.Add(time.Hour) })
	for name, fault := range outages {
		p.strike(fault)
		old, err := c.ResolveAll(t.Context(), "alpha", names, client.ResolveQuery{})
		require.NoError(t, err, name)
		require.True(t, old.Stale(), name)
		require.Equal(t, good.Body, old.Body)
		require.GreaterOrEqual(t, old.Age, 59*time.Minute)
		for _, unasked := range [][]string{{"bookworm"}, {"nobody"}, {"node18", "node20"}} {
			_, err := c.ResolveAll(t.Context(), "alpha", unasked, client.ResolveQuery{})
			require.ErrorIs(t, err, client.ErrCouldNotAsk, name)
			require.NotErrorIs(t, err, client.ErrNotThere, name)
		}
	}
	p.strike(harbortest.Body(http.StatusOK, "application/json", `{"results": [], "messages": {}}`))
	old, err := c.ResolveAll(t.Context(), "alpha", names, client.ResolveQuery{})
	require.NoError(t, err)
	require.True(t, old.Stale(), "fewer results than names are no answer")
}
