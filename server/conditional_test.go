package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// validated are the routes whose answers have an entity tag.
var validated = []string{
	"/v1/images", "/v1/images?state=stable", "/v1/images?limit=2", "/v1/images?fields=digest",
	"/v1/images/bookworm", "/v1/images/bookworm?fields=digest", "/v1/image-config", "/openapi.json",
}

func TestWhoHoldsTheAnswerGets304(t *testing.T) {
	s := start(t, setup{})
	for _, path := range validated {
		t.Run(path, func(t *testing.T) {
			whole := s.get(t, path)
			tag := whole.header.Get("ETag")
			require.NotEmpty(t, tag)
			for name, c := range map[string]struct {
				status  int
				headers []string
			}{
				"the tag":        {http.StatusNotModified, []string{tag}},
				"weak":           {http.StatusNotModified, []string{"W/" + tag}},
				"in a list":      {http.StatusNotModified, []string{`"a,b", ` + tag + `, "c"`}},
				"without spaces": {http.StatusNotModified, []string{`"a",W/"b",` + tag}},
				"in two lines":   {http.StatusNotModified, []string{`"a"`, tag}},
				"star":           {http.StatusNotModified, []string{"*"}},
				"another":        {http.StatusOK, []string{`"another"`}},
				"cut":            {http.StatusOK, []string{tag[:len(tag)-2] + `"`}},
				"no quotes":      {http.StatusOK, []string{strings.Trim(tag, `"`)}},
				"half a quote":   {http.StatusOK, []string{strings.TrimSuffix(tag, `"`)}},
				"inside another": {http.StatusOK, []string{`"x` + strings.Trim(tag, `"`) + `"`}},
			} {
				request, err := http.NewRequest(http.MethodGet, s.url+path, nil)
				require.NoError(t, err)
				request.Header["If-None-Match"] = c.headers
				a := s.send(t, request)
				require.Equal(t, c.status, a.status, name)
				require.Equal(t, tag, a.header.Get("ETag"), name)
				require.Equal(t, whole.header.Get("Vary"), a.header.Get("Vary"), name)
				require.Equal(t, "no-cache", a.header.Get("Cache-Control"), name)
				if a.status == http.StatusNotModified {
					require.Empty(t, a.body)
					require.Empty(t, a.header.Get("Content-Encoding"))
				}
			}
		})
	}
}

func TestEachCodingHasAnEntityTagOfItsOwn(t *testing.T) {
	s := start(t, setup{})
	tags := map[string]string{}
	for _, coding := range []string{"identity", "gzip", "zstd"} {
		a := s.get(t, "/v1/images", "Accept-Encoding", coding)
		require.NotContains(t, tags, a.header.Get("ETag"))
		tags[a.header.Get("ETag")] = coding
	}
	for tag, coding := range tags {
		for _, asked := range []string{"identity", "gzip", "zstd"} {
			want := http.StatusOK
			if asked == coding {
				want = http.StatusNotModified
			}
			require.Equal(t, want, s.get(t, "/v1/images", "Accept-Encoding", asked, "If-None-Match", tag).status)
		}
	}
}

func TestHeadIsGetWithoutABody(t *testing.T) {
	s := start(t, setup{})
	paths := append([]string{"/v1/healthz", "/v1/readyz", "/v1/images/nope", "/nowhere", "/v1/images?limit=0"}, validated...)
	for _, path := range paths {
		t.Run(path, func(t *testing.T) {
			for _, coding := range []string{"identity", "gzip"} {
				get := s.get(t, path, "Accept-Encoding", coding)
				head := s.ask(t, http.MethodHead, path, "Accept-Encoding", coding)
				require.Equal(t, get.status, head.status)
				require.Empty(t, head.body)
				get.header.Del("Date")
				head.header.Del("Date")
				require.Equal(t, get.header, head.header)
			}
		})
	}
	tag := s.get(t, "/v1/images").header.Get("ETag")
	require.Equal(t, http.StatusNotModified, s.ask(t, http.MethodHead, "/v1/images", "If-None-Match", tag).status)
	require.Equal(t, http.StatusOK, s.ask(t, http.MethodHead, "/v1/catalog").status)
	require.Equal(t, http.StatusOK, s.ask(t, http.MethodHead, "/v1/metrics").status)
}

// The tag says what the facts are, not who tells them, when, or how often they
// were asked.
func TestEqualFactsHaveEqualTagsOnEveryReplica(t *testing.T) {
	morning := time.Date(2026, 8, 1, 0, 0, 1, 0, time.UTC)
	first := start(t, setup{values: sample})
	second := start(t, setup{values: sample, now: func() time.Time { return morning }})
	second.registries.push("bookworm", "other")
	second.refresh(t)
	for _, path := range validated[:4] {
		require.NotEqual(t, first.get(t, path).header.Get("ETag"), second.get(t, path).header.Get("ETag"))
	}
	second.registries.push("bookworm", "bookworm")
	second.refresh(t)
	for _, path := range validated {
		for _, coding := range []string{"identity", "gzip", "zstd"} {
			a, b := first.get(t, path, "Accept-Encoding", coding), second.get(t, path, "Accept-Encoding", coding)
			require.Equal(t, a.header.Get("ETag"), b.header.Get("ETag"), path)
			require.Equal(t, a.body, b.body)
		}
	}
}

func TestAnotherDayIsAnotherTagWhereItChangesAnything(t *testing.T) {
	s := start(t, setup{values: sample})
	for _, c := range []struct {
		day  time.Time
		same bool
	}{
		{noon.AddDate(0, 0, 1), true},
		{time.Date(2026, 8, 31, 23, 59, 59, 0, time.UTC), true},
		{time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC), false}, // ruby2.5 goes
		{time.Date(2027, 6, 1, 0, 0, 0, 0, time.UTC), false}, // python3.7's security updates end
	} {
		then := start(t, setup{values: sample, now: func() time.Time { return c.day }})
		require.Equal(t, c.same, s.get(t, "/v1/images").header.Get("ETag") == then.get(t, "/v1/images").header.Get("ETag"), c.day)
		require.Equal(t, s.get(t, "/v1/image-config").header.Get("ETag"), then.get(t, "/v1/image-config").header.Get("ETag"), "no clock there")
	}
}

func TestStaleFactsHaveAnotherTag(t *testing.T) {
	s := start(t, setup{values: sample})
	fresh := s.get(t, "/v1/images").header.Get("ETag")
	other := s.get(t, "/v1/images/python3.7").header.Get("ETag") // on one.test alone
	s.registries.fail("two.test", refused("two.test"))
	s.refresh(t)
	require.NotEqual(t, fresh, s.get(t, "/v1/images").header.Get("ETag"))
	require.Equal(t, other, s.get(t, "/v1/images/python3.7").header.Get("ETag"), "it is none of its business")
	s.registries.fail("two.test", nil)
	s.refresh(t)
	require.Equal(t, fresh, s.get(t, "/v1/images").header.Get("ETag"))
}
