package fake

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
)

// Where a fault can be besides routes.
const (
	onAll        = "*"          // of Bayplan's routes
	onHarbor     = "harbor"     // behind it
	onRegistries = "registries" // all others behind it
)

// routes are the words for Bayplan's routes. A path, too, is a word.
var routes = map[string]*regexp.Regexp{
	"images":       regexp.MustCompile(`^/v1/(tool/[^/]+/)?images$`),
	"image":        regexp.MustCompile(`(?s)^/v1/images/.`),
	"resolve":      regexp.MustCompile(`^/v1/tool/[^/]+/images/resolve$`),
	"image-config": regexp.MustCompile(`^/v1/image-config$`),
	"catalog":      regexp.MustCompile(`^/v1/catalog$`),
	"versions":     regexp.MustCompile(`^/v1/catalog/versions$`),
	"diff":         regexp.MustCompile(`^/v1/catalog/diff$`),
	"drift":        regexp.MustCompile(`^/v1/drift$`),
	"events":       regexp.MustCompile(`^/v1/(tool/[^/]+/)?events$`),
	"healthz":      regexp.MustCompile(`^/v1/healthz$`),
	"readyz":       regexp.MustCompile(`^/v1/readyz$`),
	"metrics":      regexp.MustCompile(`^/v1/metrics$`),
	"openapi":      regexp.MustCompile(`^/openapi\.json$`),
}

// stall is the fault that holds requests up until the faults change.
const stall = "stall"

// fault is one thing that goes wrong, in one place.
type fault struct {
	text   string // as it was written
	on     string
	what   string
	times  int // less than 0 is without end
	answer harbortest.Fault
}

// means tells whether a path of Bayplan's is where the fault is.
func (f *fault) means(path string) bool {
	if route := routes[f.on]; route != nil {
		return route.MatchString(path)
	}
	return f.on == onAll || f.on == path
}

// limited is a fault with a number of times.
var limited = regexp.MustCompile(`^(.+)\*([1-9][0-9]{0,5})$`)

// parseFault reads PLACE=WHAT, PLACE=WHAT:ARGUMENT, and either with *TIMES.
func parseFault(text string) (fault, error) {
	f := fault{text: text, times: -1}
	on, what, ok := strings.Cut(text, "=")
	if !ok {
		return f, fmt.Errorf("%q is no fault such as images=503", text)
	}
	if m := limited.FindStringSubmatch(what); m != nil {
		what = m[1]
		f.times, _ = strconv.Atoi(m[2]) // the pattern admits what fits
	}
	f.on = on
	if places := Places(); !strings.HasPrefix(on, "/") && !slices.Contains(places, on) {
		return f, fmt.Errorf("%q: there is no place %q%s; there are %s, and paths", text, on, meant(on, places), strings.Join(places, ", "))
	}
	var argument string
	f.what, argument, _ = strings.Cut(what, ":")
	answer, err := f.answerOf(argument)
	if err != nil {
		return f, fmt.Errorf("%q: %w", text, err)
	}
	f.answer = answer
	return f, nil
}

// Places are the words for where a fault can be.
func Places() []string {
	return append(slices.Sorted(maps.Keys(routes)), onAll, onHarbor, onRegistries)
}

// Whats are the words for what can go wrong, as help shows them.
func Whats() []string {
	return []string{"STATUS[:SECONDS]", "slow:DURATION", stall, "reset", "down", "html[:STATUS]", "redirect:URL", "cut", "empty", "null", "endless"}
}

// behind tells whether the fault is at a host that Bayplan asks.
func (f *fault) behind() bool { return f.on == onHarbor || f.on == onRegistries }

// answerOf makes what is answered in place of the truth.
func (f *fault) answerOf(argument string) (harbortest.Fault, error) {
	plain := map[string]harbortest.Fault{
		"reset": harbortest.Reset(), "down": harbortest.HTML(http.StatusBadGateway), "endless": harbortest.EndlessBody(),
		"null": harbortest.Body(http.StatusOK, typeJSON, "null\n"), "cut": cut, stall: nil,
	}
	if answer, ok := plain[f.what]; ok {
		if argument != "" {
			return nil, fmt.Errorf("%s takes nothing after it", f.what)
		}
		return answer, nil
	}
	switch f.what {
	case "slow":
		return slow(argument)
	case "html":
		return html(argument)
	case "redirect":
		if argument == "" {
			return nil, errors.New("redirect wants a URL, for example redirect:http://elsewhere.example/")
		}
		return harbortest.Redirect(argument), nil
	case "empty":
		return f.empty()
	}
	status, err := strconv.Atoi(f.what)
	if err != nil || status < 400 || status > 599 {
		return nil, fmt.Errorf("there is nothing called %q%s; there are %s", f.what, meant(f.what, Whats()), strings.Join(Whats(), ", "))
	}
	return f.status(status, argument)
}

func slow(argument string) (harbortest.Fault, error) {
	d, err := time.ParseDuration(argument)
	if err != nil || d < 0 {
		return nil, errors.New("slow wants a time, for example slow:2s")
	}
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
			next.ServeHTTP(w, r)
		case <-r.Context().Done():
		}
	}, nil
}

func html(argument string) (harbortest.Fault, error) {
	if argument == "" {
		return harbortest.HTML(http.StatusOK), nil
	}
	status, err := strconv.Atoi(argument)
	if err != nil || status < 200 || status > 599 {
		return nil, errors.New("html wants a status, for example html:502")
	}
	return harbortest.HTML(status), nil
}
