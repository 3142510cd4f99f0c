package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAParameterThatCannotBeMeantIsNamed(t *testing.T) {
	s := start(t, setup{values: sample})
	for _, c := range []struct{ path, says string }{
		{"/v1/images?stat=stable", `unknown parameter "stat"; did you mean "state"?`},
		{"/v1/images?State=stable", `unknown parameter "State"; did you mean "state"?`},
		{"/v1/images?xyzzy=1", `unknown parameter "xyzzy"; known are cursor, exists, fields, limit, name, q, sort, stack_state, state, tool, type, variant, version`},
		{"/v1/images?state=stable&aaa=1&zzz=2", `unknown parameter "aaa"; known are`},
		{"/v1/images?=1", `unknown parameter ""`},
		{"/v1/images?version=", `version has no value`},
		{"/v1/images?version=1.0.0&version=1.1.0", `parameter "version" is given 2 times`},
		{"/v1/image-config?version=", `version has no value`},
		{"/v1/catalog/diff", `from has no value`},
		{"/v1/images?exists=perhaps", `exists "perhaps" is none of true, false, unknown`},
		{"/v1/images?exists=", `exists has no value`},
		{"/v1/images?q=", `q has no value`},
		{"/v1/images?state", `state has no value`},
		{"/v1/images?name=n&name=", `name has no value`},
		{"/v1/images?limit=0", `limit "0" is no number from 1 to 1000`},
		{"/v1/images?limit=-1", `limit "-1"`},
		{"/v1/images?limit=1001", `limit "1001"`},
		{"/v1/images?limit=99999999999999999999", `limit "99999999999999999999"`},
		{"/v1/images?limit=", `limit ""`},
		{"/v1/images?limit=ten", `limit "ten"`},
		{"/v1/images?limit=1&limit=2", `parameter "limit" is given 2 times`},
		{"/v1/images?sort=state", `sort "state" is none of short_name, -short_name`},
		{"/v1/images?sort=", `sort ""`},
		{"/v1/images?sort=short_name&sort=-short_name", `parameter "sort" is given 2 times`},
		{"/v1/images?cursor=bg", `cursor goes together with limit`},
		{"/v1/images?limit=2&cursor=", `cursor "" is not one that a Link header gave`},
		{"/v1/images?limit=2&cursor=***", `cursor "***"`},
		{"/v1/images?fields=", `fields names "", which no record has`},
		{"/v1/images?fields=digst", `fields names "digst", which no record has; did you mean "digest"?`},
		{"/v1/images?fields=digest,,state", `fields names ""`},
		{"/v1/images?fields=digest&fields=state", `parameter "fields" is given 2 times`},
		{"/v1/images?a;b", `cannot be read`},
		{"/v1/images?state=%zz", `cannot be read`},
		{"/v1/images/bookworm?state=stable", `unknown parameter "state"`},
		{"/v1/images/bookworm?field=state", `did you mean "fields"?`},
		{"/v1/images/nope?x=1", `unknown parameter "x"`},
		{"/v1/image-config?format=json", `unknown parameter "format"; known are version`},
		{"/v1/catalog?verbose=1", `unknown parameter "verbose": this route takes none`},
	} {
		t.Run(c.path, func(t *testing.T) {
			failure := s.failure(t, c.path, http.StatusBadRequest)
			require.Equal(t, "bad_parameter", failure.Code)
			require.Contains(t, failure.Error[0], c.says)
		})
	}
}

func TestWhatAClientSendsComesBackCutAndAsText(t *testing.T) {
	s := start(t, setup{values: sample})
	long := strings.Repeat("é", 5000)
	for name, path := range map[string]string{
		"parameter": "/v1/images?" + url.QueryEscape(long) + "=1",
		"value":     "/v1/images?limit=" + url.QueryEscape(long[:2000]),
		"field":     "/v1/images?fields=" + url.QueryEscape(long[:2000]),
		"query":     "/v1/images?q=" + strings.Repeat("x", 200_000),
		"broken":    "/v1/images?%" + strings.Repeat("x", 10_000),
		"bytes":     "/v1/images?limit=%00%ff%fe%1b[31m",
	} {
		t.Run(name, func(t *testing.T) {
			a := s.get(t, path)
			require.Equal(t, http.StatusBadRequest, a.status)
			require.Less(t, len(a.body), 2048)
			require.NotContains(t, string(a.body), "\x1b")
		})
	}
}

func TestFieldsCutsRecordsDown(t *testing.T) {
	s := start(t, setup{values: sample})
	s.registries.without("n-upper")
	s.refresh(t)
	for _, c := range []struct{ query, want string }{
		{"?name=n&fields=short_name", `{"images":[{"short_name":"n"}],"messages":{}}`},
		{"?name=n&fields=exists,image", `{"images":[{"short_name":"n","image":"one.test/n-lower:v1","exists":true}],"messages":{}}`},
		{"?name=n&fields=state,state", `{"images":[{"short_name":"n","state":"beta"}],"messages":{}}`},
		{"?name=n&fields=tags", `{"images":[{"short_name":"n","tags":["2026-07-01","v1"]}],"messages":{}}`},
		{"?name=N&fields=tags,digest", `{"images":[{"short_name":"N","tags":[]}],"messages":{}}`}, // not there
		{"?name=n&fields=tool,size_bytes,stack", `{"images":[{"short_name":"n"}],"messages":{}}`},
		{"?name=none&fields=tags", `{"images":[],"messages":{}}`},
	} {
		t.Run(c.query, func(t *testing.T) {
			require.Equal(t, c.want+"\n", string(s.get(t, "/v1/images"+c.query).body))
		})
	}
	require.Equal(t, `{"image":{"short_name":"n","tag":"v1"},"messages":{}}`+"\n", string(s.get(t, "/v1/images/n?fields=tag").body))
}

func TestAllFieldsAreTheWholeRecord(t *testing.T) {
	s := start(t, setup{values: sample})
	all := "short_name,type,tool,state,aliases,host,path,tag,image,digest,pinned,exists,variants,webservice_defaults," +
		"size_bytes,pushed_at,platforms,stack,vulnerabilities,signed,description,links,replaced_by,lifecycle,notice,sources,stale"
	require.Equal(t, string(s.get(t, "/v1/images").body), string(s.get(t, "/v1/images?fields="+all).body))
}
