package main

import (
	"encoding/json"
	"net/http"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
)

// writesOf adds the two requests that a stand-in does not take and the document
// makes. They have the names and types of Harbor 2.15.2's API description, and
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
	return mux
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
