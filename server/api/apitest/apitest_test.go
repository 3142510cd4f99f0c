package apitest_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api/apitest"
)

// answer is a question and the canned answer that a server gives to it.
type answer struct {
	method, path string
	status       int
	header       map[string]string
	body         string
}

// check sends the question over HTTP and gives what Check says to the answer.
func (a answer) check(t *testing.T) error {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for name, value := range a.header {
			w.Header().Set(name, value)
		}
		w.WriteHeader(a.status)
		if a.body != "" {
			_, _ = io.WriteString(w, a.body)
		}
	}))
	defer server.Close()
	request, err := http.NewRequestWithContext(t.Context(), a.method, server.URL+a.path, nil)
	require.NoError(t, err)
	// Asking for a coding by name keeps the client from undoing it.
	request.Header.Set("Accept-Encoding", "gzip, zstd")
	request.Header.Set("X-Toolforge-Tool", "wikibugs")
	if a.method == http.MethodOptions {
		request.Header.Set("Access-Control-Request-Method", http.MethodGet)
	}
	response, err := server.Client().Do(request)
	require.NoError(t, err)
	return apitest.Check(request, response, apitest.Body(t, response))
}

const (
	record = `{"short_name":"a/b","type":"standard","state":"stable","aliases":[],"host":"r.example.org",` +
		`"path":"a","tag":"latest","image":"r.example.org/a:latest","variants":{}}`
	image    = `{"image":` + record + `,"messages":{}}`
	images   = `{"images":[` + record + `],"messages":{}}`
	notFound = `{"error":["no"],"code":"route_not_found"}`
)

// good gives the headers of a good answer about images, with changes; an empty
// value takes a header away.
func good(changes map[string]string) map[string]string {
	header := map[string]string{
		"Content-Type": "application/json", "ETag": `"1"`, "Cache-Control": "no-cache", "Vary": "Accept-Encoding",
	}
	maps.Copy(header, changes)
	maps.DeleteFunc(header, func(_, value string) bool { return value == "" })
	return header
}

// stream gives the headers of a stream of events.
var stream = map[string]string{"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}

func TestRightAnswers(t *testing.T) {
	bare := map[string]string{"ETag": `"1"`, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
	plain := map[string]string{"Content-Type": "application/json"}
	for name, a := range map[string]answer{
		"a list":                {http.MethodGet, "/v1/images", 200, good(nil), images},
		"an empty list":         {http.MethodGet, "/v1/images?state=beta", 200, good(nil), `{"images":[],"messages":{}}`},
		"charset":               {http.MethodGet, "/v1/images", 200, good(map[string]string{"Content-Type": "application/json; charset=utf-8"}), images},
		"all filters":           {http.MethodGet, "/v1/images?type=standard&type=x&state=stable&stack_state=s&variant=v&tool=t&name=n&q=q&exists=true&exists=unknown&sort=-short_name&limit=1000&cursor=c", 200, good(nil), images},
		"next page":             {http.MethodGet, "/v1/images?limit=1", 200, good(map[string]string{"Link": `<images?limit=1&cursor=x>; rel="next"`}), images},
		"some fields":           {http.MethodGet, "/v1/images?fields=short_name,tags", 200, good(nil), `{"images":[{"short_name":"a","tags":["b"]}],"messages":{}}`},
		"a name":                {http.MethodGet, "/v1/images/a", 200, good(nil), image},
		"a name with slash":     {http.MethodGet, "/v1/images/a/b:c", 200, good(nil), image},
		"an escaped slash":      {http.MethodGet, "/v1/images/a%2Fb", 200, good(nil), image},
		"HEAD":                  {http.MethodHead, "/v1/images", 200, good(nil), ""},
		"not modified":          {http.MethodGet, "/v1/images", 304, bare, ""},
		"HEAD not modified":     {http.MethodHead, "/v1/images/a/b", 304, bare, ""},
		"open maps":             {http.MethodGet, "/v1/images/a", 200, good(nil), `{"image":` + record[:len(record)-3] + `{"v":{"image":"h/p:t","host":"h","path":"p","tag":"t","extra":{"any":{"thing":[1]}}}}},"messages":{}}`},
		"yaml":                  {http.MethodGet, "/v1/image-config", 200, good(map[string]string{"Content-Type": "application/yaml", "Vary": "Accept, Accept-Encoding"}), "a:\n  state: stable\n"},
		"unknown path":          {http.MethodGet, "/v1/nope", 404, plain, notFound},
		"no name":               {http.MethodGet, "/v1/images/", 404, plain, notFound},
		"POST to unknown path":  {http.MethodPost, "/nope", 404, plain, notFound},
		"POST":                  {http.MethodPost, "/v1/images/a/b", 405, map[string]string{"Content-Type": "application/json", "Allow": "GET, HEAD"}, `{"code":"method_not_allowed"}`},
		"unknown parameter":     {http.MethodGet, "/v1/images?x=1", 400, plain, `{"error":["x"],"code":"bad_parameter"}`},
		"a probe's parameter":   {http.MethodGet, "/v1/healthz?now=1", 200, plain, `{"status":"OK","messages":{}}`},
		"gzip":                  {http.MethodGet, "/v1/images", 200, good(map[string]string{"Content-Encoding": "gzip"}), gzipped(t, images)},
		"zstd":                  {http.MethodGet, "/v1/images", 200, good(map[string]string{"Content-Encoding": "zstd"}), zstandard(t, images)},
		"an unknown word":       {http.MethodGet, "/v1/images/a", 404, plain, `{"error":["x"],"code":"a_new_word"}`},
		"events":                {http.MethodGet, "/v1/events", 200, stream, "retry: 1\n\n:\n\nid: a.1\nevent: added\ndata: {\"short_name\":\"a/b\",\ndata: \"image\":" + record + "}\n\nid: a.2\nevent: half\n"},
		"HEAD of events":        {http.MethodHead, "/v1/events", 200, stream, ""},
		"preflight":             {http.MethodOptions, "/v1/images", 204, map[string]string{"Access-Control-Allow-Origin": "*", "Vary": "Origin"}, ""},
		"preflight refused":     {http.MethodOptions, "/v1/images", 405, map[string]string{"Content-Type": "application/json", "Allow": "GET, HEAD"}, `{"code":"method_not_allowed"}`},
		"metrics with a format": {http.MethodGet, "/v1/metrics", 200, map[string]string{"Content-Type": "text/plain; version=0.0.4; charset=utf-8; escaping=underscores"}, "up 1\n"},
	} {
		t.Run(name, func(t *testing.T) { require.NoError(t, a.check(t)) })
	}
}

func TestWrongAnswers(t *testing.T) {
	plain := map[string]string{"Content-Type": "application/json"}
	get := func(body string) answer { return answer{http.MethodGet, "/v1/images/a", 200, good(nil), body} }
	for name, test := range map[string]struct {
		answer
		want string
	}{
		"undocumented status":         {answer{http.MethodGet, "/v1/images", 418, good(nil), images}, "the status is not documented"},
		"undocumented route":          {answer{http.MethodGet, "/v1/secret", 200, plain, `{}`}, "the status is not documented"},
		"404 of another shape":        {answer{http.MethodGet, "/v1/secret", 404, plain, `{"message":"Not Found"}`}, `property "code" is missing`},
		"404 as text":                 {answer{http.MethodGet, "/v1/secret", 404, map[string]string{"Content-Type": "text/plain"}, "404 page not found"}, `content type "text/plain" is not documented`},
		"406 where JSON is all":       {answer{http.MethodGet, "/v1/images", 406, plain, `{"code":"not_acceptable"}`}, "the status is not documented"},
		"405 without Allow":           {answer{http.MethodPost, "/v1/images", 405, plain, `{"code":"method_not_allowed"}`}, "header Allow is missing"},
		"405 to GET":                  {answer{http.MethodGet, "/v1/images", 405, map[string]string{"Content-Type": "application/json", "Allow": "GET, HEAD"}, `{"code":"method_not_allowed"}`}, "which every route answers"},
		"POST that works":             {answer{http.MethodPost, "/v1/images", 200, good(nil), images}, "must be 405"},
		"503 without Retry-After":     {answer{http.MethodGet, "/v1/images", 503, plain, `{"code":"not_ready"}`}, "header Retry-After is missing"},
		"Retry-After as a date":       {answer{http.MethodGet, "/v1/readyz", 503, map[string]string{"Content-Type": "application/json", "Retry-After": "Sun, 06 Nov 1994 08:49:37 GMT"}, `{"code":"not_ready"}`}, "is no integer"},
		"no ETag":                     {answer{http.MethodGet, "/v1/images", 200, good(map[string]string{"ETag": ""}), images}, "header ETag is missing"},
		"weak ETag":                   {answer{http.MethodGet, "/v1/images", 200, good(map[string]string{"ETag": `W/"1"`}), images}, "header ETag"},
		"304 without ETag":            {answer{http.MethodGet, "/v1/images", 304, map[string]string{"Cache-Control": "no-cache", "Vary": "Accept-Encoding"}, ""}, "header ETag is missing"},
		"HEAD without Vary":           {answer{http.MethodHead, "/v1/images", 200, good(map[string]string{"Vary": ""}), ""}, "header Vary is missing"},
		"Vary that forgets":           {answer{http.MethodGet, "/v1/images", 200, good(map[string]string{"Vary": "Accept"}), images}, "header Vary"},
		"an ETag that cannot be":      {answer{http.MethodGet, "/v1/catalog", 200, good(nil), `{}`}, "header Etag is not documented"},
		"undeclared header":           {answer{http.MethodGet, "/v1/images", 200, good(map[string]string{"X-Powered-By": "hope"}), images}, "header X-Powered-By is not documented"},
		"link to the root":            {answer{http.MethodGet, "/v1/images?limit=1", 200, good(map[string]string{"Link": `</v1/images?cursor=x>; rel="next"`}), images}, "header Link"},
		"undeclared property":         {get(`{"image":{"color":"red",` + record[1:] + `,"messages":{}}`), `at /image: property "color" is unsupported`},
		"undeclared in an error":      {answer{http.MethodGet, "/v1/images/a", 404, plain, `{"code":"image_not_found","hint":"x"}`}, `property "hint" is unsupported`},
		"undeclared in messages":      {get(`{"image":` + record + `,"messages":{"warnings":[]}}`), `at /messages: property "warnings" is unsupported`},
		"no messages":                 {get(`{"image":` + record + `}`), `property "messages" is missing`},
		"incomplete record":           {get(`{"image":{"short_name":"a"},"messages":{}}`), `at /image/variants: property "variants" is missing`},
		"incomplete in an error":      {answer{http.MethodGet, "/v1/images/a", 404, plain, `{"code":"image_not_found","image":{"short_name":"a"}}`}, `property "variants" is missing`},
		"null for a list":             {answer{http.MethodGet, "/v1/images", 200, good(nil), `{"images":null,"messages":{}}`}, "body.images is null"},
		"null in an open map":         {get(`{"image":` + record[:len(record)-1] + `,"webservice_defaults":{"port":null}},"messages":{}}`), "body.image.webservice_defaults.port is null"},
		"not a date":                  {get(`{"image":` + record[:len(record)-1] + `,"lifecycle":{"removed":"soon"}},"messages":{}}`), `at /image/lifecycle/removed: string doesn't match the format "date"`},
		"two documents":               {get(image + image), "not one JSON document"},
		"HTML for JSON":               {answer{http.MethodGet, "/v1/images", 200, good(map[string]string{"Content-Type": "text/html"}), "<html>"}, `content type "text/html" is not documented`},
		"no content type":             {answer{http.MethodHead, "/v1/images", 200, good(map[string]string{"Content-Type": ""}), ""}, `content type "" is not documented`},
		"accepted parameter":          {answer{http.MethodGet, "/v1/images?stat=stable", 200, good(nil), images}, `parameter "stat" is not documented and was accepted`},
		"accepted nonsense":           {answer{http.MethodGet, "/v1/images?limit=0", 200, good(nil), images}, "number must be at least 1"},
		"accepted word":               {answer{http.MethodGet, "/v1/images?exists=perhaps", 304, map[string]string{"ETag": `"1"`, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}, ""}, "value is not one of the allowed values"},
		"not gzip":                    {answer{http.MethodGet, "/v1/images", 200, good(map[string]string{"Content-Encoding": "gzip"}), images}, "decode gzip"},
		"a coding that is not ours":   {answer{http.MethodGet, "/v1/images", 200, good(map[string]string{"Content-Encoding": "br"}), images}, `"br"`},
		"legacy with a live fact":     {answer{http.MethodGet, "/v1/image-config", 200, good(nil), `{"a":{"state":"stable","exists":true}}`}, `property "exists" is unsupported`},
		"an unknown event":            {answer{http.MethodGet, "/v1/events", 200, stream, "id: a.1\nevent: moved\ndata: {}\n\n"}, `event "moved" is not documented`},
		"an event without a name":     {answer{http.MethodGet, "/v1/events", 200, stream, "id: a.1\ndata: {}\n\n"}, `event "message" is not documented`},
		"an event without an id":      {answer{http.MethodGet, "/v1/events", 200, stream, "event: source\ndata: {\"source\":\"x\",\"stale\":true}\n\n"}, `id "" is not an epoch and a number`},
		"an event of another shape":   {answer{http.MethodGet, "/v1/events", 200, stream, "id: a.1\nevent: source\ndata: {\"source\":\"x\"}\n\n"}, `property "stale" is missing`},
		"an event with half a record": {answer{http.MethodGet, "/v1/events", 200, stream, "id: a.1\nevent: added\ndata: {\"short_name\":\"a\",\"image\":{\"short_name\":\"a\"}}\n\n"}, `property "variants" is missing`},
		"null in an event":            {answer{http.MethodGet, "/v1/events", 200, stream, "id: a.1\nevent: start\ndata: {\"etag\":null}\n\n"}, "data of start.etag is null"},
		"an event that is no JSON":    {answer{http.MethodGet, "/v1/events", 200, stream, "id: a.1\nevent: start\ndata: {\n\n"}, "not one JSON document"},
		"a line of no meaning":        {answer{http.MethodGet, "/v1/events", 200, stream, "events: start\n\n"}, `line "events: start" has no field that readers know`},
		"a carriage return":           {answer{http.MethodGet, "/v1/events", 200, stream, ":\r\n"}, "a carriage return"},
		"events that are kept":        {answer{http.MethodGet, "/v1/events", 200, map[string]string{"Content-Type": "text/event-stream", "Cache-Control": "no-cache", "X-Accel-Buffering": "no"}, ""}, "header Cache-Control"},
		"preflight of a tool":         {answer{http.MethodOptions, "/v1/tool/wikibugs/images", 204, nil, ""}, "no business here"},
		"preflight of operations":     {answer{http.MethodOptions, "/v1/metrics", 204, nil, ""}, "no business here"},
		"preflight to nowhere":        {answer{http.MethodOptions, "/v1/nope", 204, nil, ""}, "no business here"},
		"preflight with an ETag":      {answer{http.MethodOptions, "/v1/images", 204, map[string]string{"ETag": `"1"`}, ""}, "header Etag is not one of a preflight's"},
		"credentials":                 {answer{http.MethodOptions, "/v1/images", 204, map[string]string{"Access-Control-Allow-Credentials": "true"}, ""}, "credentials are never allowed"},
		"YAML that is none":           {answer{http.MethodGet, "/v1/image-config", 200, good(map[string]string{"Content-Type": "application/yaml"}), "a: [\n"}, "decode response body"},
	} {
		t.Run(name, func(t *testing.T) { require.ErrorContains(t, test.check(t), test.want) })
	}
}

// TestBodyWhereNoneMayBe covers what net/http keeps a server from sending.
func TestBodyWhereNoneMayBe(t *testing.T) {
	request := httptest.NewRequestWithContext(t.Context(), http.MethodHead, "/v1/healthz", nil)
	response := &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}}
	require.ErrorContains(t, apitest.Check(request, response, []byte("{}")), "a body of 2 bytes")
}

// TestValidateReports runs Validate with a test that only records.
func TestValidateReports(t *testing.T) {
	request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/healthz", nil)
	response := &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}}

	right := &recorder{TB: t}
	apitest.Validate(right, request, response, []byte(`{"status":"OK","messages":{}}`))
	require.Zero(t, right.errors)

	wrong := &recorder{TB: t}
	apitest.Validate(wrong, request, response, []byte(`{"status":"OK"}`))
	require.Equal(t, 1, wrong.errors)
}

// recorder is a test that counts its failures instead of failing.
type recorder struct {
	testing.TB
	errors int
}

func (r *recorder) Errorf(string, ...any) { r.errors++ }

func gzipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := io.WriteString(w, text)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.String()
}

func zstandard(t *testing.T, text string) string {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	require.NoError(t, err)
	return string(w.EncodeAll([]byte(text), nil))
}
