package client_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/client"
)

func TestImagesIsTheListInPages(t *testing.T) {
	p := startPlatform(t)
	c, _ := p.ask(t, client.Options{})
	whole, err := c.List(t.Context(), client.Query{})
	require.NoError(t, err)
	for _, size := range []int{0, 1, 2, 5, 1000} {
		p.requests()
		var names []string
		for image, err := range c.Images(t.Context(), client.Query{PageSize: size}) {
			require.NoError(t, err)
			names = append(names, image.ShortName)
		}
		require.Equal(t, shortNames(whole.Body.Images), names)
		if size == 2 {
			require.Len(t, p.requests(), 3)
		}
	}
	p.requests()
	for image, err := range c.Images(t.Context(), client.Query{PageSize: 1, Text: []string{"node"}, Fresh: true}) {
		require.NoError(t, err)
		require.Equal(t, "node18", image.ShortName)
		break
	}
	requests := p.requests()
	require.Len(t, requests, 1, "nobody asks for pages that are not wanted")
	require.Equal(t, "no-cache", requests[0].Header.Get("Cache-Control"))
}

// A list that cannot be read to its end says so: its beginning alone is no list.
func TestImagesEndsWithAnError(t *testing.T) {
	p := startPlatform(t)
	c, _ := p.ask(t, client.Options{})
	for name, fault := range map[string]harbortest.Fault{
		"reset": func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			if r.URL.Query().Get("cursor") == "" {
				next.ServeHTTP(w, r)
				return
			}
			harbortest.Reset()(w, r, next)
		},
		"the link leads elsewhere":   linking("<http://elsewhere.invalid/v1/images?cursor=x>"),
		"the link is another route":  linking("<catalog?cursor=x>"),
		"the link leads here again":  linking("<images?limit=1>"),
		"the link is none":           linking("<%>"),
		"the link is a server's own": linking("<//elsewhere.invalid/v1/images?cursor=x>"),
	} {
		p.strike(fault)
		var names []string
		var last error
		for image, err := range c.Images(t.Context(), client.Query{PageSize: 1}) {
			if last = err; err == nil {
				names = append(names, image.ShortName)
			}
		}
		require.ErrorIs(t, last, client.ErrCouldNotAsk, name)
		require.LessOrEqual(t, len(names), 1, name)
	}
	p.strike(nil)
	for _, err := range c.Images(t.Context(), client.Query{Sort: "size"}) {
		errorOf(t, err)
	}
}

func linking(link string) harbortest.Fault {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("Link", link+`; rel="next"`)
		fmt.Fprint(w, `{"images":[{"short_name":"x"}],"messages":{}}`)
	}
}
