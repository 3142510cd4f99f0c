package artifact_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/artifact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/registrytest"
)

// answer makes a hook that answers the requests whose path holds part.
func answer(part string, handle http.HandlerFunc) registrytest.Hook {
	return func(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		if !strings.Contains(r.URL.Path, part) {
			return false
		}
		handle(w, r)
		return true
	}
}

// What is declared too large, or is no chart, is refused by the manifest alone.
func TestPullRefusesByTheManifest(t *testing.T) {
	layer := func(size int64, mediaType string) ocispec.Descriptor {
		return ocispec.Descriptor{MediaType: mediaType, Digest: digest.FromString("x"), Size: size}
	}
	config, chart := layer(100, artifact.ConfigMediaType), layer(100, artifact.ArchiveMediaType)
	prov := layer(100, artifact.ProvenanceMediaType)
	sha512 := chart
	sha512.Digest = digest.SHA512.FromString("x")
	nonsense := chart
	nonsense.Digest = "sha256:../../etc/passwd"

	for name, c := range map[string]struct {
		config  ocispec.Descriptor
		layers  []ocispec.Descriptor
		kind    fault.Kind
		message string
	}{
		"layer of 300 MiB":     {config, []ocispec.Descriptor{layer(300<<20, artifact.ArchiveMediaType)}, fault.TooLarge, "chart layer has 314572800 bytes"},
		"config of 1 MiB":      {layer(1<<20, artifact.ConfigMediaType), []ocispec.Descriptor{chart}, fault.TooLarge, "config blob has 1048576 bytes"},
		"provenance of 1 MiB":  {config, []ocispec.Descriptor{chart, layer(1<<20, artifact.ProvenanceMediaType)}, fault.TooLarge, "provenance layer"},
		"negative size":        {config, []ocispec.Descriptor{layer(-1, artifact.ArchiveMediaType)}, fault.Invalid, "has the size -1"},
		"a container image":    {layer(100, ocispec.MediaTypeImageConfig), []ocispec.Descriptor{layer(100, ocispec.MediaTypeImageLayerGzip)}, fault.Invalid, "this is a container image, not a chart"},
		"another artifact":     {layer(2, ocispec.MediaTypeEmptyJSON), []ocispec.Descriptor{chart}, fault.Invalid, "this is an artifact of type"},
		"an unknown config":    {layer(2, "application/x"), []ocispec.Descriptor{chart}, fault.Invalid, `config of media type "application/x"`},
		"no layer":             {config, nil, fault.Invalid, "0 chart layers"},
		"two charts":           {config, []ocispec.Descriptor{chart, chart}, fault.Invalid, "2 chart layers"},
		"two provenances":      {config, []ocispec.Descriptor{chart, prov, prov}, fault.Invalid, "more than one provenance"},
		"a foreign layer":      {config, []ocispec.Descriptor{chart, layer(1, "application/x")}, fault.Invalid, `a layer of media type "application/x"`},
		"an old Helm's layer":  {config, []ocispec.Descriptor{layer(1, "application/tar+gzip")}, fault.Invalid, "Helm before 3.7"},
		"a digest of sha512":   {config, []ocispec.Descriptor{sha512}, fault.Unsupported, "not sha256"},
		"a digest that is not": {config, []ocispec.Descriptor{nonsense}, fault.Invalid, "no valid digest"},
	} {
		t.Run(name, func(t *testing.T) {
			server, client := setUp(t, artifact.Options{})
			data := manifestOf(t, c.config, c.layers...)
			server.Hook(answer("/manifests/", serve(ocispec.MediaTypeImageManifest, data)))
			_, err := client.Pull(t.Context(), catalog, version("1.0.0"))
			require.Equal(t, c.kind, fault.KindOf(err), "%v", err)
			require.ErrorContains(t, err, c.message)
			require.ErrorContains(t, err, "pull chart: oci://registry.example/toolforge/image-config:1.0.0: ")
			require.Equal(t, []string{"GET manifests"}, methods(server), "nothing else may be asked for")
		})
	}
}

// serve answers with data, its digest and its length.
func serve(mediaType string, data []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", mediaType)
		w.Header().Set("Docker-Content-Digest", digest.FromBytes(data).String())
		w.Header().Set("Content-Length", strconv.Itoa(len(data)))
		if r.Method != http.MethodHead {
			_, _ = w.Write(data)
		}
	}
}

func TestPullRefusesOddManifests(t *testing.T) {
	good := string(manifestOf(t, describe(artifact.ConfigMediaType, nil), describe(artifact.ArchiveMediaType, nil)))
	for name, c := range map[string]struct {
		mediaType, data string
		kind            fault.Kind
		message         string
	}{
		"an index":               {ocispec.MediaTypeImageIndex, `{"schemaVersion":2,"manifests":[]}`, fault.Invalid, "an index of several images"},
		"a Docker image":         {"application/vnd.docker.distribution.manifest.v2+json", good, fault.Invalid, "in Docker's format"},
		"a web page":             {"text/html; charset=utf-8", "<html>Please log in", fault.Unreachable, "the answer is a web page"},
		"plain JSON":             {"application/json", good, fault.Invalid, `"application/json"`},
		"no media type":          {"", good, fault.Unreachable, "not as a registry does"},
		"no JSON":                {ocispec.MediaTypeImageManifest, "<html>", fault.Invalid, "its manifest"},
		"null":                   {ocispec.MediaTypeImageManifest, "null", fault.Invalid, "schemaVersion 0"},
		"empty":                  {ocispec.MediaTypeImageManifest, "", fault.Invalid, "its manifest"},
		"a second value":         {ocispec.MediaTypeImageManifest, good + good, fault.Invalid, "after top-level value"},
		"a key twice":            {ocispec.MediaTypeImageManifest, strings.Replace(good, `{`, `{"layers":[],`, 1), fault.Invalid, `"layers" stands there twice`},
		"a key in two cases":     {ocispec.MediaTypeImageManifest, strings.Replace(good, `{`, `{"Layers":[],`, 1), fault.Invalid, `"layers" stands there twice`},
		"another type inside":    {ocispec.MediaTypeImageManifest, strings.Replace(good, `{`, `{"mediaType":"application/x",`, 1), fault.Invalid, `the manifest says "application/x"`},
		"schema version 1":       {ocispec.MediaTypeImageManifest, strings.Replace(good, `"schemaVersion":2`, `"schemaVersion":1`, 1), fault.Invalid, "schemaVersion 1"},
		"deep":                   {ocispec.MediaTypeImageManifest, strings.Replace(good, `{`, `{"x":`+strings.Repeat("[", 100)+strings.Repeat("]", 100)+`,`, 1), fault.Invalid, "nested more than"},
		"bad UTF-8":              {ocispec.MediaTypeImageManifest, strings.Replace(good, `{`, "{\"x\":\"\xff\",", 1), fault.Invalid, "not UTF-8"},
		"more than 1 MiB":        {ocispec.MediaTypeImageManifest, good + strings.Repeat(" ", 1<<20), fault.TooLarge, "manifest has"},
		"the blob is not there ": {ocispec.MediaTypeImageManifest, good, fault.Unreachable, "the manifest but not its blob"},
	} {
		t.Run(name, func(t *testing.T) {
			server, client := setUp(t, artifact.Options{})
			server.Hook(answer("/manifests/", serve(c.mediaType, []byte(c.data))))
			_, err := client.Pull(t.Context(), catalog, version("1.0.0"))
			require.Equal(t, c.kind, fault.KindOf(err), "%v", err)
			require.ErrorContains(t, err, c.message)
		})
	}
}

// Answers that are not what was asked for, by digest or by declared size.
func TestPullNoticesTampering(t *testing.T) {
	server, client := setUp(t, artifact.Options{}, "1.0.0", "1.1.0")
	first, err := client.Resolve(t.Context(), catalog, version("1.0.0"))
	require.NoError(t, err)
	other := rawManifest(t, server, "1.1.0")
	otherLayer := archive(t, "1.1.0")
	byDigest := artifact.Selection{Digest: first.Digest}
	layer := archive(t, "1.0.0")

	headerless := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", ocispec.MediaTypeImageManifest)
		_, _ = w.Write(other)
	}
	lying := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", ocispec.MediaTypeImageManifest)
		w.Header().Set("Docker-Content-Digest", first.Digest)
		_, _ = w.Write(other)
	}
	wrongBytes := func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(make([]byte, len(layer)))
	}
	more := func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(layer)
		_ = http.NewResponseController(w).Flush() // no length is known then
		_, _ = w.Write([]byte("more"))
	}
	endless := func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 1<<16)); err != nil {
				return
			}
		}
	}
	for name, c := range map[string]struct {
		hook registrytest.Hook
		sel  artifact.Selection
		kind fault.Kind
	}{
		"another manifest, honest header":    {answer("/manifests/", serve(ocispec.MediaTypeImageManifest, other)), byDigest, fault.Tampered},
		"another manifest, no header":        {answer("/manifests/", headerless), byDigest, fault.Tampered},
		"another manifest, lying header":     {answer("/manifests/", lying), byDigest, fault.Tampered},
		"by tag, header and body differ":     {answer("/manifests/", lying), version("1.0.0"), fault.Tampered},
		"another layer, honest header":       {answer("/blobs/", serve("application/octet-stream", otherLayer)), byDigest, fault.Tampered},
		"other bytes of the declared length": {answer("/blobs/", wrongBytes), byDigest, fault.Tampered},
		"the layer and more":                 {answer("/blobs/", more), byDigest, fault.Tampered},
		"an endless layer":                   {answer("/blobs/", endless), byDigest, fault.Tampered},
		"an endless manifest":                {answer("/manifests/", endlessAs(ocispec.MediaTypeImageManifest, endless)), byDigest, fault.TooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			server.Hook(c.hook)
			_, err := client.Pull(t.Context(), catalog, c.sel)
			require.Equal(t, c.kind, fault.KindOf(err), "%v", err)
		})
	}
}

func endlessAs(mediaType string, endless http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", mediaType)
		endless(w, r)
	}
}

// What is said in odd HTTP about a manifest, byte for byte as it comes.
func TestOddHTTP(t *testing.T) {
	server, client := setUp(t, artifact.Options{}, "1.0.0")
	first, err := client.Resolve(t.Context(), catalog, version("1.0.0"))
	require.NoError(t, err)
	data := string(rawManifest(t, server, "1.0.0"))
	head := "Content-Type: " + ocispec.MediaTypeImageManifest + "\r\nDocker-Content-Digest: " + first.Digest + "\r\n"
	length := fmt.Sprintf("Content-Length: %d\r\n\r\n", len(data))
	chunk := fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n", len(data), data)
	for name, c := range map[string]struct {
		answer string
		kind   fault.Kind // none: it is read
	}{
		"HTTP/1.0, to the end":       {"HTTP/1.0 200 OK\r\n" + head + "\r\n" + data, 0},
		"trailers":                   {"HTTP/1.1 200 OK\r\n" + head + chunk + "X-Late: yes\r\n\r\n", 0},
		"no end behind the trailers": {"HTTP/1.1 200 OK\r\n" + head + chunk + "X-Late: yes\r\n", fault.Unreachable},
		"some early hints":           {strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 3) + "HTTP/1.1 200 OK\r\n" + head + length + data, 0},
		"early hints without end":    {strings.Repeat("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n", 20_000), fault.Unreachable},
		"a part of it":               {"HTTP/1.1 206 Partial Content\r\n" + head + "Content-Range: bytes 0-9/99\r\nContent-Length: 10\r\n\r\n" + data[:10], fault.Unreachable},
		"not modified":               {"HTTP/1.1 304 Not Modified\r\n" + head + "\r\n", fault.Unreachable},
		"another protocol":           {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", fault.Unreachable},
		"said to be packed":          {"HTTP/1.1 200 OK\r\n" + head + "Content-Encoding: gzip\r\n" + length + data, 0},
		"two lengths":                {"HTTP/1.1 200 OK\r\n" + head + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nx", fault.Unreachable},
		"a length below zero":        {"HTTP/1.1 200 OK\r\n" + head + "Content-Length: -1\r\n\r\n", fault.Unreachable},
		"a line of another protocol": {"ICY 200 OK\r\n\r\n", fault.Unreachable},
		"a header without end":       {"HTTP/1.1 200 OK\r\nX: " + strings.Repeat("y", 2<<20), fault.Unreachable},
	} {
		t.Run(name, func(t *testing.T) {
			server, client := setUp(t, artifact.Options{Attempts: 1}, "1.0.0")
			server.Hook(answer("/manifests/", func(w http.ResponseWriter, _ *http.Request) {
				connection, _, err := http.NewResponseController(w).Hijack()
				if err != nil {
					return // nothing is answered then
				}
				_, _ = io.WriteString(connection, c.answer)
				_ = connection.Close()
			}))
			_, err := client.Pull(t.Context(), catalog, artifact.Selection{Digest: first.Digest})
			if c.kind == 0 {
				require.NoError(t, err)
				return
			}
			require.Equal(t, c.kind, fault.KindOf(err), "%v", err)
			require.Less(t, len(err.Error()), 1000)
		})
	}
}

// A registry that gives no length and no digest is odd, but can be read.
func TestPullFromARegistryWithoutHeaders(t *testing.T) {
	server, client := setUp(t, artifact.Options{}, "1.0.0")
	data := rawManifest(t, server, "1.0.0")
	server.Hook(answer("/manifests/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", ocispec.MediaTypeImageManifest)
		_ = http.NewResponseController(w).Flush() // no length is known then
		_, _ = w.Write(data)
	}))
	server.Forget()
	chart, err := client.Pull(t.Context(), catalog, version("1.0.0"))
	require.NoError(t, err)
	require.Equal(t, digest.FromBytes(data).String(), chart.Digest)
	require.Len(t, server.Requests(), 2)
}

func TestKindOfStatus(t *testing.T) {
	for status, want := range map[int]fault.Kind{
		400: fault.Unreachable, 401: fault.Denied, 403: fault.Denied, 404: fault.NotFound,
		429: fault.RateLimited, 500: fault.Unreachable, 502: fault.Unreachable, 503: fault.Unreachable, 504: fault.Unreachable,
	} {
		for name, ask := range map[string]func(*artifact.Client) error{
			"tags": func(c *artifact.Client) error { _, err := c.Tags(context.Background(), catalog); return err },
			"manifest": func(c *artifact.Client) error {
				_, err := c.Pull(context.Background(), catalog, version("1.0.0"))
				return err
			},
			"head": func(c *artifact.Client) error {
				_, err := c.Resolve(context.Background(), catalog, version("1.0.0"))
				return err
			},
		} {
			t.Run(fmt.Sprintf("%d %s", status, name), func(t *testing.T) {
				server, client := setUp(t, artifact.Options{})
				server.Hook(answer("/v2/", func(w http.ResponseWriter, _ *http.Request) {
					w.WriteHeader(status)
					_, _ = io.WriteString(w, `{"errors":[{"code":"CODE","message":"words\u001b[31m of the registry"}]}`)
				}))
				err := ask(client)
				require.Equal(t, want, fault.KindOf(err), "%v", err)
				require.NotContains(t, err.Error(), "\x1b")
				if want == fault.Denied {
					require.Contains(t, fault.HintOf(err), "docker login registry.example")
				}
			})
		}
	}
}

// A body that stalls ends with the operation's deadline, whatever it is a body of.
func TestStallEndsAtTheDeadline(t *testing.T) {
	for _, part := range []string{"/manifests/", "/blobs/", "/tags/"} {
		t.Run(part, func(t *testing.T) {
			server, _ := setUp(t, artifact.Options{}, "1.0.0")
			client := newClient(t, server.URL, artifact.Options{Timeout: 50 * time.Millisecond})
			server.Hook(answer(part, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", ocispec.MediaTypeImageManifest)
				_, _ = w.Write([]byte("{"))
				_ = http.NewResponseController(w).Flush()
				<-r.Context().Done()
			}))
			_, err := client.Pull(t.Context(), catalog, artifact.Selection{Constraint: "*"})
			require.Equal(t, fault.Unreachable, fault.KindOf(err), "%v", err)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.ErrorContains(t, err, "no complete answer within 50ms")
		})
	}
}

func TestCancelledByTheCaller(t *testing.T) {
	server, client := setUp(t, artifact.Options{}, "1.0.0")
	ctx, cancel := context.WithCancel(t.Context())
	var asked atomic.Int32
	server.Hook(answer("/manifests/", func(_ http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		cancel()
		<-r.Context().Done()
	}))
	_, err := client.Pull(ctx, catalog, version("1.0.0"))
	require.ErrorIs(t, err, context.Canceled)
	require.EqualValues(t, 1, asked.Load())
}

func TestTagsAreBounded(t *testing.T) {
	page := func(tags ...string) string {
		data, err := json.Marshal(map[string]any{"name": path, "tags": tags})
		require.NoError(t, err)
		return string(data)
	}
	next := func(w http.ResponseWriter, url string) { w.Header().Set("Link", "<"+url+`>; rel="next"`) }
	var asked atomic.Int32
	for name, c := range map[string]struct {
		handle   http.HandlerFunc
		kind     fault.Kind
		message  string
		requests int
	}{
		"the same page for ever": {func(w http.ResponseWriter, r *http.Request) {
			next(w, r.URL.Path)
			_, _ = io.WriteString(w, page("1.0.0"))
		}, fault.Unreachable, "in a circle", 2},
		"new pages for ever": {func(w http.ResponseWriter, r *http.Request) {
			next(w, r.URL.Path)
			_, _ = io.WriteString(w, page(fmt.Sprintf("1.0.%d", asked.Add(1))))
		}, fault.TooLarge, "20 pages", 20},
		"empty pages for ever": {func(w http.ResponseWriter, r *http.Request) {
			next(w, r.URL.Path)
			_, _ = io.WriteString(w, `{"tags":[]}`)
		}, fault.TooLarge, "20 pages", 20},
		"a page on another host": {func(w http.ResponseWriter, _ *http.Request) {
			next(w, "http://169.254.169.254/latest/meta-data")
			_, _ = io.WriteString(w, page("1.0.0"))
		}, fault.Unreachable, "not the same origin", 1},
		"a page of another scheme": {func(w http.ResponseWriter, _ *http.Request) {
			next(w, "file:///etc/passwd")
			_, _ = io.WriteString(w, page("1.0.0"))
		}, fault.Unreachable, "not the same origin", 1},
		"an endless page": {func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, `{"tags":["`)
			for r.Context().Err() == nil {
				if _, err := io.WriteString(w, strings.Repeat("1", 1<<16)); err != nil {
					return
				}
			}
		}, fault.TooLarge, "longer than 4194304 bytes", 1},
		"a web page behind a redirect": {func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Has("signature") {
				_, _ = io.WriteString(w, "<html>")
				return
			}
			http.Redirect(w, r, r.URL.Path+"?signature=s3cret", http.StatusTemporaryRedirect)
		}, fault.Unreachable, "not as a registry does", 2},
		"null":            {constant(`null`), fault.Unreachable, "without a list of tags", 1},
		"null for tags":   {constant(`{"tags":null}`), fault.Unreachable, "without a list of tags", 1},
		"no tags at all":  {constant(`{"tags":[]}`), fault.NotFound, "no tags", 1},
		"a web page":      {constant(`<html>Please log in`), fault.Unreachable, "not as a registry does", 1},
		"tags of numbers": {constant(`{"tags":[1]}`), fault.Unreachable, "not as a registry does", 1},
		"a redirect to another host": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.2:1/?signature=s3cret", http.StatusTemporaryRedirect)
		}, fault.Unreachable, "127.0.0.2", 1},
	} {
		t.Run(name, func(t *testing.T) {
			server, client := setUp(t, artifact.Options{})
			server.Hook(answer("/tags/", c.handle))
			_, err := client.Resolve(t.Context(), catalog, artifact.Selection{Constraint: "*"})
			require.Equal(t, c.kind, fault.KindOf(err), "%v", err)
			require.ErrorContains(t, err, c.message)
			require.NotContains(t, err.Error(), "s3cret")
			require.Len(t, server.Requests(), c.requests)
		})
	}
}

func constant(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }
}

func TestTagsOverPages(t *testing.T) {
	server, client := setUp(t, artifact.Options{})
	server.Hook(answer("/tags/", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("last") == "" {
			w.Header().Set("Link", `</v2/`+path+`/tags/list?n=1000&last=1.0.1>; rel="next"`)
			_, _ = io.WriteString(w, `{"tags":["1.0.0","1.0.1"]}`)
			return
		}
		_, _ = io.WriteString(w, `{"tags":["1.0.1","1.0.2"]}`)
	}))
	tags, err := client.Tags(t.Context(), catalog)
	require.NoError(t, err)
	require.Equal(t, []string{"1.0.0", "1.0.1", "1.0.2"}, tags)
	require.Equal(t, "/v2/"+path+"/tags/list?n=1000", server.Requests()[0].Path)
}

// Many pages, each within its bound, are bounded together.
func TestTagsAreBoundedAltogether(t *testing.T) {
	server, client := setUp(t, artifact.Options{Limits: artifact.Limits{TagBytes: 1000}})
	var page atomic.Int32
	server.Hook(answer("/tags/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", "<"+r.URL.Path+`>; rel="next"`)
		_, _ = fmt.Fprintf(w, `{"tags":["%d-%s"]}`, page.Add(1), strings.Repeat("x", 300))
	}))
	_, err := client.Tags(t.Context(), catalog)
	require.Equal(t, fault.TooLarge, fault.KindOf(err))
	require.Len(t, server.Requests(), 4)
}

// A certificate that is not trusted will not be a moment later.
func TestTLSErrorsAreNotRetried(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	var waited pauses
	_, err := newClient(t, server.URL, artifact.Options{Wait: waited.wait}).Pull(t.Context(), catalog, version("1.0.0"))
	require.Equal(t, fault.Unreachable, fault.KindOf(err))
	require.Contains(t, fault.HintOf(err), "caFile")
	require.Empty(t, waited)
}

func TestUnreachableHost(t *testing.T) {
	client := newClient(t, "http://127.0.0.1:1", artifact.Options{})
	_, err := client.Pull(t.Context(), catalog, version("1.0.0"))
	require.Equal(t, fault.Unreachable, fault.KindOf(err))
	require.ErrorContains(t, err, "connection refused")
	var own *fault.Error
	require.True(t, errors.As(err, &own))
	require.Equal(t, "oci://registry.example/toolforge/image-config:1.0.0", own.Side)
}

func TestWarningsAreHandedOn(t *testing.T) {
	var warnings []string
	server, client := setUp(t, artifact.Options{Warning: func(host, text string) { warnings = append(warnings, host+": "+text) }}, "1.0.0")
	server.Hook(func(w http.ResponseWriter, _ *http.Request, _ http.Handler) bool {
		w.Header().Set("Warning", `299 - "this registry closes in May"`)
		return false
	})
	_, err := client.Resolve(t.Context(), catalog, version("1.0.0"))
	require.NoError(t, err)
	require.Equal(t, []string{"registry.example: this registry closes in May"}, warnings)
}
