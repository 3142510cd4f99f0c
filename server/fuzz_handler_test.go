package server_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api/apitest"
)

// Whatever is asked, the answer is one of the document's, and none is a defect.
func FuzzHandler(f *testing.F) {
	s := start(f, setup{values: sample})
	handler := s.server.Handler()
	for _, seed := range [][5]string{
		{"GET", "/v1/images", "state=stable&limit=1", "gzip", `"x"`},
		{"HEAD", "/v1/images/team/tool", "fields=tags", "", "*"},
		{"GET", "/v1/images/x:y@sha:123", "", "zstd;q=0.3", ""},
		{"POST", "/v1//images", "", "", ""},
		{"GET", "/v1/image-config", "a;b", "*", "W/"},
		{"GET", "/\x80\n", "%", "identity;q=0", `"`},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3], seed[4])
	}
	f.Fuzz(func(t *testing.T, method, path, query, encoding, match string) {
		if path == "/v1/metrics" || len(path) > 0 && path[0] != '/' {
			return // a handler of another library; a line that net/http refuses
		}
		request := &http.Request{
			Method: method, URL: &url.URL{Path: path, RawQuery: query}, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
			Header: http.Header{"Accept-Encoding": {encoding}, "If-None-Match": {match}}, Host: "x",
		}
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, request.WithContext(t.Context()))
		require.NotEqual(t, http.StatusInternalServerError, recorder.Code)
		require.Less(t, recorder.Body.Len(), 64<<10)
		if strings.HasPrefix(recorder.Header().Get("Content-Type"), "text/html") {
			require.False(t, strings.HasPrefix(path, "/v1/"), "a page in place of an answer")
			return // of pages the document says nothing; FuzzPages is about them
		}
		if method == http.MethodGet && recorder.Code >= http.StatusBadRequest {
			require.NoError(t, apitest.Check(request, recorder.Result(), recorder.Body.Bytes()))
		}
	})
}
