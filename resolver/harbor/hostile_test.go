package harbor_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbor"
)

const repository = "tool-x/web"

// plain answers with a status, a type and a body.
func plain(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("X-Total-Count", "0")
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

func recording(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if believe(w, r) {
			return
		}
		if err := playback(w, name); err != nil {
			http.Error(w, err.Error(), http.StatusTeapot)
		}
	}
}

// Whatever stands at the other end, a list is never empty because of it.
func TestNoAnswerIsNeverAnEmptyList(t *testing.T) {
	row := artifactRow(repository, 1)
	for _, test := range []struct {
		name   string
		kind   fault.Kind
		answer http.HandlerFunc
	}{
		{"null for a list", fault.Unreachable, answers(200, "0", "null")},
		{"an object for a list", fault.Unreachable, answers(200, "0", "{}")},
		{"a number for a list", fault.Unreachable, answers(200, "0", "0")},
		{"nothing", fault.Unreachable, answers(200, "0", "")},
		{"a list cut off", fault.Unreachable, answers(200, "1", "["+row)},
		{"a row cut off", fault.Unreachable, answers(200, "1", "["+row[:20])},
		{"something behind the list", fault.Unreachable, answers(200, "0", "[] []")},
		{"null for a row", fault.Unreachable, answers(200, "1", "[null]")},
		{"a text for a row", fault.Unreachable, answers(200, "1", `["x"]`)},
		{"a row without a digest", fault.Unreachable, answers(200, "1", `[{"type":"IMAGE"}]`)},
		{"a digest that is none", fault.Unreachable, answers(200, "1", `[{"digest":"sha256:zz"}]`)},
		{"a number for a digest", fault.Unreachable, answers(200, "1", `[{"digest":1}]`)},
		{"a text for the size", fault.Unreachable, answers(200, "1", `[{"size":"1"}]`)},
		{"a negative size", fault.Unreachable, answers(200, "1", `[{"size":-1}]`)},
		{"a text for tags", fault.Unreachable, answers(200, "1", `[{"tags":"x"}]`)},
		{"null for a tag", fault.Unreachable, answers(200, "1", `[{"tags":[null]}]`)},
		{"a time of another kind", fault.Unreachable, answers(200, "1", `[{"push_time":"yesterday"}]`)},
		{"a key twice", fault.Unreachable, answers(200, "1", fmt.Sprintf(`[{"digest":%q,"digest":%q}]`, digest(1), digest(2)))},
		{"a key twice where nobody reads", fault.Unreachable, answers(200, "1", `[{"digest":"`+digest(1)+`","icon":{"a":1,"a":2}}]`)},
		{"a key in capitals", fault.Unreachable, answers(200, "1", `[{"Digest":"`+digest(1)+`"}]`)},
		{"bytes that are no UTF-8", fault.Unreachable, answers(200, "1", `[{"digest":"`+digest(1)+`","icon":"`+"\xff"+`"}]`)},
		{"an artifact of another repository", fault.Unreachable, answers(200, "1", "["+artifactRow("tool-y/web", 1)+"]")},
		{"no total", fault.Unreachable, answers(200, "", "[]")},
		{"a total that is none", fault.Unreachable, answers(200, "-1", "[]")},
		{"a total that is too large", fault.Unreachable, answers(200, "99999999999999999999", "[]")},
		{"fewer rows than the total", fault.Unreachable, answers(200, "2", "["+row+"]")},
		{"more rows than the total", fault.Unreachable, answers(200, "0", "["+row+"]")},
		{"one row twice", fault.Unreachable, answers(200, "2", "["+row+","+row+"]")},
		{"more rows than a page has", fault.Unreachable, answers(200, "101", artifactRows(repository, 0, 101))},
		{"deep nesting", fault.Unreachable, answers(200, "1", strings.Repeat("[", 20_000))},
		{"HTML with 200", fault.Unreachable, plain(200, "text/html", "<html>Welcome</html>")},
		{"a list called HTML", fault.Unreachable, plain(200, "text/html", "[]")},
		{"no type", fault.Unreachable, plain(200, "", "[]")},
		{"201", fault.Unreachable, answers(201, "0", "[]")},
		{"204", fault.Unreachable, plain(204, "application/json", "")},
		{"206", fault.Unreachable, answers(206, "0", "[]")},
		{"a redirect", fault.Unreachable, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) }},
		{"304", fault.Unreachable, plain(304, "", "")},
		{"400 of Harbor", fault.Internal, recording("artifacts.q.bad")},
		{"400 of another", fault.Unreachable, plain(400, "text/html", "<html>Bad Request</html>")},
		{"401 of another", fault.Denied, plain(401, "text/html", "<html>Who are you?</html>")},
		{"403 of another", fault.Denied, plain(403, "text/html", "<html>Blocked</html>")},
		{"403 to the anonymous", fault.Denied, harborError(403, "FORBIDDEN", "forbidden")},
		{"404 of another", fault.Unreachable, recording("error.404.old-api")},
		{"404 for the path", fault.Unreachable, recording("error.404.route")},
		{"405", fault.Unreachable, recording("error.405")},
		{"422 of Harbor", fault.Internal, recording("artifacts.many.page_size-101")},
		{"429", fault.RateLimited, plain(429, "text/plain", "slow down")},
		{"500 without a database", fault.Unreachable, recording("down.database.artifacts")},
		{"502 without a core", fault.Unreachable, recording("down.core.nginx")},
		{"503", fault.Unreachable, plain(503, "text/plain", "maintenance")},
		{"a closed connection", fault.Unreachable, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }},
		{"a body that ends before its length", fault.Unreachable, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("X-Total-Count", "0")
			w.Header().Set("Content-Length", "1000")
			fmt.Fprint(w, "[ ")
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := serve(t, test.answer)
			c := client(t, s.URL, none, harbor.Options{})
			list, err := c.RepositoryArtifacts(context.Background(), repository)
			isKind(t, err, test.kind)
			require.Nil(t, list)
		})
	}
}

// The same for the lists that are not in a project, where no status means that
// something is not there.
func TestNoAnswerAboutAllOfHarbor(t *testing.T) {
	for _, test := range []struct {
		name   string
		kind   fault.Kind
		answer http.HandlerFunc
	}{
		{"null", fault.Unreachable, answers(200, "0", "null")},
		{"401", fault.Denied, harborError(401, "UNAUTHORIZED", "unauthorized")},
		{"403", fault.Denied, harborError(403, "FORBIDDEN", "forbidden")},
		{"404", fault.Unreachable, harborError(404, "NOT_FOUND", "not found")},
		{"a row of another kind", fault.Unreachable, answers(200, "1", `[{"hello":"world"}]`)},
	} {
		t.Run(test.name, func(t *testing.T) {
			ctx := context.Background()
			c := client(t, serve(t, test.answer).URL, none, harbor.Options{})
			_, err := c.Projects(ctx, harbor.ProjectFilter{})
			isKind(t, err, test.kind)
			_, err = c.AllRepositories(ctx)
			isKind(t, err, test.kind)
			_, err = c.RecentRepositories(ctx, 1)
			isKind(t, err, test.kind)
			if test.name != "null" && test.name != "a row of another kind" {
				_, err = c.SystemInfo(ctx)
				isKind(t, err, test.kind)
			}
		})
	}
}

func TestSystemInfoOfAnother(t *testing.T) {
	for _, body := range []string{"null", "[]", "{}", `{"auth_mode":1}`, `{"auth_mode":"x"`, `{"auth_mode":"x","auth_mode":"y"}`} {
		c := client(t, serve(t, answers(200, "", body)).URL, none, harbor.Options{})
		_, err := c.SystemInfo(context.Background())
		isKind(t, err, fault.Unreachable)
	}
}

// A portal that says 200 to everything proves nothing.
func TestProofIsHarbors(t *testing.T) {
	for _, answer := range []http.HandlerFunc{
		plain(200, "text/html", "<html>Welcome</html>"),
		plain(200, "application/json", "null"),
		plain(200, "application/json", "[]"),
		plain(502, "text/html", "<html>Bad Gateway</html>"),
	} {
		c := client(t, serve(t, answer).URL, robot, harbor.Options{})
		_, err := c.Prove(context.Background())
		isKind(t, err, fault.Unreachable)
		_, err = c.RepositoryArtifacts(context.Background(), repository)
		isKind(t, err, fault.Unreachable)
	}
}

func TestSilence(t *testing.T) {
	stop := make(chan struct{})
	s := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-stop:
		case <-r.Context().Done():
		}
	})
	t.Cleanup(func() { close(stop) })
	c := client(t, s.URL, none, harbor.Options{}, endpoint.Options{Timeout: 100 * time.Millisecond})
	_, err := c.RepositoryArtifacts(context.Background(), repository)
	isKind(t, err, fault.Unreachable)
	require.Len(t, s.requests(), 1, "who does not answer is not asked again at once")

	c = client(t, s.URL, none, harbor.Options{Timeout: 50 * time.Millisecond})
	_, err = c.RepositoryArtifacts(context.Background(), repository)
	isKind(t, err, fault.Unreachable)
}

// A list has its first page in the time of a call, and then more for each page.
func TestLongListsHaveMoreTime(t *testing.T) {
	sh := newShelf(300)
	const call = 300 * time.Millisecond
	began := time.Now()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("page") != "1" {
			select {
			case <-time.After(call + call/10 - time.Since(began)): // later than a call may take
			case <-r.Context().Done():
				return
			}
		}
		sh.serve(w, r)
	})
	list, err := client(t, s.URL, none, harbor.Options{Timeout: call, PageTime: time.Minute}).AllRepositories(context.Background())
	require.NoError(t, err)
	require.Len(t, list, 300)

	s = serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("page") != "1" {
			<-r.Context().Done()
			return
		}
		sh.serve(w, r)
	})
	_, err = client(t, s.URL, none, harbor.Options{Timeout: call, PageTime: time.Millisecond}).AllRepositories(context.Background())
	isKind(t, err, fault.Unreachable)
}

func TestEndlessBody(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Total-Count", "1")
		fmt.Fprint(w, `[{"icon":"`)
		for {
			if _, err := io.WriteString(w, strings.Repeat("x", 1<<16)); err != nil {
				return
			}
		}
	})
	c := client(t, s.URL, none, harbor.Options{}, endpoint.Options{MaxBody: 1 << 20})
	_, err := c.RepositoryArtifacts(context.Background(), repository)
	isKind(t, err, fault.TooLarge)
}
