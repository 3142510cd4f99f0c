package server_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"
)

func unpack(t testing.TB, coding string, packed []byte) []byte {
	t.Helper()
	var from io.Reader
	switch coding {
	case "gzip":
		r, err := gzip.NewReader(bytes.NewReader(packed))
		require.NoError(t, err)
		from = r
	case "zstd":
		r, err := zstd.NewReader(bytes.NewReader(packed))
		require.NoError(t, err)
		defer r.Close()
		from = r
	default:
		return packed
	}
	plain, err := io.ReadAll(from)
	require.NoError(t, err)
	return plain
}

func TestAcceptEncoding(t *testing.T) {
	s := start(t, setup{})
	plain := s.get(t, "/v1/images").body
	require.Empty(t, s.get(t, "/v1/images").header.Get("Content-Encoding"), "no header, no coding")
	for _, c := range []struct {
		headers []string
		want    string
	}{
		{[]string{""}, ""},
		{[]string{"gzip"}, "gzip"},
		{[]string{"zstd"}, "zstd"},
		{[]string{"GZip"}, "gzip"},
		{[]string{"ZSTD"}, "zstd"},
		{[]string{"x-gzip"}, "gzip"},
		{[]string{"gzip, deflate, br, zstd"}, "zstd"},
		{[]string{"gzip, deflate, br"}, "gzip"},
		{[]string{"gzip", "zstd"}, "zstd"},
		{[]string{"gzip;q=1.0, zstd;q=0.5"}, "gzip"},
		{[]string{"gzip;q=0.5, zstd;q=0.501"}, "zstd"},
		{[]string{"gzip;q=0.5, zstd;q=0.5"}, "zstd"},
		{[]string{"gzip; q=0.2 , zstd ;q=0.1"}, "gzip"},
		{[]string{"gzip;Q=0.2, zstd;q=0.1"}, "gzip"},
		{[]string{"gzip;q=0"}, ""},
		{[]string{"gzip;q=0.000, zstd;q=0"}, ""},
		{[]string{"gzip;q=0.001"}, "gzip"},
		{[]string{"gzip;q=0.5, identity;q=0.6"}, ""},
		{[]string{"gzip;q=0.5, identity;q=0.5"}, "gzip"},
		{[]string{"identity"}, ""},
		{[]string{"identity, gzip"}, "gzip"},
		{[]string{"*"}, "zstd"},
		{[]string{"*;q=0"}, ""},
		{[]string{"zstd;q=0, *"}, "gzip"},
		{[]string{"gzip;q=0, *;q=0.1"}, "zstd"},
		{[]string{"*;q=0, gzip"}, "gzip"},
		{[]string{"identity;q=0, gzip"}, "gzip"},
		{[]string{"identity;q=0"}, ""}, // nothing else was named: better than an error
		{[]string{"identity;q=0, *;q=0"}, ""},
		{[]string{"br"}, ""},
		{[]string{"gzipped"}, ""},
		{[]string{"gzip;q=high"}, ""},
		{[]string{"gzip;q=2"}, ""},
		{[]string{"gzip;q=1.001"}, ""},
		{[]string{"gzip;q=0.1234"}, ""},
		{[]string{"gzip;q="}, ""},
		{[]string{"gzip;q=0x1"}, ""},
		{[]string{"gzip;level=9"}, "gzip"},
		{[]string{",,; ,gzip"}, "gzip"},
	} {
		t.Run(c.headers[0], func(t *testing.T) {
			for _, path := range []string{"/v1/images", "/v1/images?type=standard"} {
				request, err := http.NewRequest(http.MethodGet, s.url+path, nil)
				require.NoError(t, err)
				request.Header["Accept-Encoding"] = c.headers
				a := s.send(t, request)
				require.Equal(t, c.want, a.header.Get("Content-Encoding"))
				require.Equal(t, "Accept-Encoding", a.header.Get("Vary"))
				require.Equal(t, string(plain), string(unpack(t, c.want, a.body)))
				if c.want != "" {
					require.Less(t, 3*len(a.body), len(plain))
				}
			}
		})
	}
}

func TestWhatIsSmallIsNotCoded(t *testing.T) {
	s := start(t, setup{})
	for _, path := range []string{"/v1/images?name=none", "/v1/images/bookworm?fields=digest"} {
		require.Empty(t, s.get(t, path, "Accept-Encoding", "gzip, zstd").header.Get("Content-Encoding"))
	}
}

func TestEveryLargeAnswerIsCoded(t *testing.T) {
	s := start(t, setup{})
	for _, path := range []string{"/v1/images", "/v1/images?state=stable", "/v1/image-config", "/openapi.json"} {
		require.Equal(t, "gzip", s.get(t, path, "Accept-Encoding", "gzip").header.Get("Content-Encoding"), path)
	}
	json := s.get(t, "/v1/image-config", "Accept", "application/json", "Accept-Encoding", "zstd")
	require.Equal(t, "zstd", json.header.Get("Content-Encoding"))
	require.Equal(t, "Accept, Accept-Encoding", json.header.Get("Vary"))
}
