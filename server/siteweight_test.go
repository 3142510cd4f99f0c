package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"
)

// mostBytes is what a page may weigh on the wire, with all that it refers to.
const mostBytes = 60_000

// weight is what a first visit transfers: the page and everything that it loads,
// coded as browsers take it, and headers not counted.
func weight(t *testing.T, e *endpoint, path string) (all, page int) {
	t.Helper()
	page = len(rawAsk(t, e, http.MethodGet, path, "Accept-Encoding", "gzip, deflate, br").body)
	all = page + len(rawAsk(t, e, http.MethodGet, "/v1/catalog", "Accept-Encoding", "gzip").body) // the script asks it
	seen := e.page(t, path, http.StatusOK)
	seen.Find("link[rel=stylesheet], link[rel=icon], script[src]").Each(func(_ int, s *goquery.Selection) {
		to, err := seen.Url.Parse(s.AttrOr("href", "") + s.AttrOr("src", ""))
		require.NoError(t, err)
		a := rawAsk(t, e, http.MethodGet, to.RequestURI(), "Accept-Encoding", "gzip, deflate, br")
		require.Equal(t, http.StatusOK, a.status)
		all += len(a.body)
	})
	return all, page
}

// The sample, and the fullest page that there is: a hundred rows with long names,
// aliases, two variants and an end.
func TestPagesAreLight(t *testing.T) {
	sample := start(t, setup{})
	all, page := weight(t, sample.endpoint, "/")
	t.Logf("the sample: %d bytes, %d of them the page", all, page)
	require.Less(t, all, mostBytes)

	var values strings.Builder
	values.WriteString("formatVersion: \"1.0\"\nimages:\n")
	for i := range 150 {
		sum := digestOf(fmt.Sprint(i))[7:27] // what does not compress well
		fmt.Fprintf(&values, `  image-%[1]s:
    state: deprecated
    aliases: [tf-%[1]s, old-%[1]s, another-name-of-%[1]s, toolforge-%[1]s]
    image: one.test/image-%[1]s
    variants: {jobs-framework: {image: one.test/jobs-%[1]s}, webservice: {image: one.test/web-%[1]s, extra: {wstype: generic}}}
    lifecycle: {unsupported: "2027-01-%02[2]d"}
`, sum, i%28+1)
	}
	full := start(t, setup{values: values.String()})
	for _, path := range []string{"/", "/?q=old-", "/images/" + full.page(t, "/", http.StatusOK).listed()[0]} {
		all, page = weight(t, full.endpoint, path)
		t.Logf("%s: %d bytes, %d of them the page", path, all, page)
		require.Less(t, all, mostBytes)
	}
	require.Len(t, full.page(t, "/", http.StatusOK).listed(), 100)
}
