package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"strings"
	"sync"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
)

// writesOf adds the requests that a stand-in does not take and the documents
// make. They have the names and types of Harbor 2.15.2's API description, and
// nothing else is taken.
func writesOf(h *harbortest.Harbor) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", h)
	mux.HandleFunc("POST /api/v2.0/robots", func(w http.ResponseWriter, r *http.Request) {
		var robot struct {
			Name, Description, Level string
			Disable                  bool
			Duration                 int64
			Permissions              []struct {
				Kind, Namespace string
				Access          []struct{ Resource, Action string }
			}
		}
		if !administers(w, r, &robot) {
			return
		}
		var permissions []harbortest.Permission
		for _, p := range robot.Permissions {
			made := harbortest.Permission{Project: p.Namespace}
			for _, a := range p.Access {
				made.Actions = append(made.Actions, a.Resource+":"+a.Action)
			}
			permissions = append(permissions, made)
		}
		name := h.AddRobot(robot.Name, robotSecret, permissions...)
		answer(w, map[string]any{"id": 1, "name": name, "secret": robotSecret, "expires_at": -1})
	})
	mux.HandleFunc("POST /api/v2.0/projects/{project}/webhook/policies", func(w http.ResponseWriter, r *http.Request) {
		var policy struct {
			Name       string
			Enabled    bool
			EventTypes []string `json:"event_types"`
			Targets    []struct {
				Type, Address string
				PayloadFormat string `json:"payload_format"`
				AuthHeader    string `json:"auth_header"`
			}
		}
		if !administers(w, r, &policy) || len(policy.Targets) != 1 || policy.Targets[0].Type != "http" {
			return
		}
		target := policy.Targets[0]
		h.AddWebhook(r.PathValue("project"), harbortest.Webhook{
			Name: policy.Name, Address: target.Address, AuthHeader: target.AuthHeader, Format: target.PayloadFormat,
			Events: policy.EventTypes, Disabled: !policy.Enabled,
		})
		answer(w, nil)
	})
	rules := &immutable{next: mux}
	mux.HandleFunc("POST /api/v2.0/projects/{project}/immutabletagrules", rules.add)
	return rules
}

// immutable is a Harbor with rules of immutability: what a rule covers and is
// there cannot be pushed again.
type immutable struct {
	next  http.Handler
	mu    sync.Mutex
	rules []immutableRule
}

// immutableRule covers the tags of a repository that do not match a pattern.
type immutableRule struct{ repository, except string }

func (i *immutable) add(w http.ResponseWriter, r *http.Request) {
	type selector struct{ Kind, Decoration, Pattern string }
	var rule struct {
		Action, Template string
		Disabled         bool
		Scope            map[string][]selector `json:"scope_selectors"`
		Tags             []selector            `json:"tag_selectors"`
	}
	if !administers(w, r, &rule) {
		return
	}
	where := rule.Scope["repository"]
	if rule.Action != "immutable" || rule.Template != "immutable_template" || rule.Disabled || len(where) != 1 || len(rule.Tags) != 1 ||
		where[0].Kind != "doublestar" || where[0].Decoration != "repoMatches" || rule.Tags[0].Kind != "doublestar" || rule.Tags[0].Decoration != "excludes" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.rules = append(i.rules, immutableRule{r.PathValue("project") + "/" + where[0].Pattern, rule.Tags[0].Pattern})
	answer(w, nil)
}

func (i *immutable) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	repository, tag, found := strings.Cut(strings.TrimPrefix(r.URL.Path, "/v2/"), "/manifests/")
	if found && r.Method == http.MethodPut && i.covers(repository, tag) {
		there := httptest.NewRecorder()
		asked := r.Clone(r.Context())
		asked.Method, asked.Body = http.MethodHead, http.NoBody
		asked.Header.Set("Accept", r.Header.Get("Content-Type"))
		i.next.ServeHTTP(there, asked)
		if there.Code == http.StatusOK {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusPreconditionFailed)
			_, _ = io.WriteString(w, `{"errors":[{"code":"PRECONDITION","message":"configured as immutable"}]}`) // of a test
			return
		}
	}
	i.next.ServeHTTP(w, r)
}

func (i *immutable) covers(repository, tag string) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.ContainsFunc(i.rules, func(rule immutableRule) bool {
		excepted, err := path.Match(rule.except, tag)
		return err == nil && !excepted && rule.repository == repository
	})
}

// administers reads what an administrator wants, strictly.
func administers(w http.ResponseWriter, r *http.Request, into any) bool {
	name, password, _ := r.BasicAuth()
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	switch {
	case name != "admin" || password != "Harbor12345":
		w.WriteHeader(http.StatusUnauthorized)
	case r.Header.Get("Content-Type") != "application/json" || decoder.Decode(into) != nil:
		w.WriteHeader(http.StatusBadRequest)
	default:
		return true
	}
	return false
}

func answer(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusCreated)
	if body != nil {
		_ = json.NewEncoder(w).Encode(body) // of a test
	}
}
