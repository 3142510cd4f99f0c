package harbortest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"
)

const (
	eventPush   = EventPush
	eventPull   = EventPull
	eventDelete = EventDelete
	// eventRepositoryDelete is a delete that does not know the repository's age.
	eventRepositoryDelete = "repository-delete"
)

// cloudTypes are the names of the events as CloudEvents.
var cloudTypes = map[string]string{
	EventPush: "harbor.artifact.pushed", EventPull: "harbor.artifact.pulled", EventDelete: "harbor.artifact.deleted",
}

// origin is who caused an event, and the host by which it knows the registry.
type origin struct{ operator, host string }

func (h *Harbor) origin(c *call) origin {
	o := origin{operator: c.who.name(), host: h.opts.Host}
	if o.operator == "" && c.who.token != nil {
		o.operator = c.who.token.Subject
	}
	if o.operator == "" {
		o.operator = "anonymous"
	}
	if o.host == "" {
		o.host = c.Host
	}
	return o
}

// event is something that happened to an artifact.
type event struct {
	kind     string
	operator string
	at       time.Time
	data     eventData
}

type eventData struct {
	Resources  []eventResource `json:"resources"`
	Repository eventRepository `json:"repository"`
}

type eventResource struct {
	Digest string `json:"digest"`
	// Tag is the digest where there is no tag.
	Tag string `json:"tag"`
	URL string `json:"resource_url"`
}

type eventRepository struct {
	DateCreated int64  `json:"date_created,omitempty"`
	Name        string `json:"name"`
	Namespace   string `json:"namespace"`
	FullName    string `json:"repo_full_name"`
	Type        string `json:"repo_type"`
}

// emit tells the webhooks of a repository's project that something happened. The
// caller holds mu; deliveries wait for nothing.
func (h *Harbor) emit(r *repository, a *artifact, kind, tagName string, from origin, at stamp) {
	policies := h.hooks.in(r.project.name)
	if len(policies) == 0 {
		return
	}
	d := a.digest.String()
	resource := eventResource{Digest: d, Tag: tagName, URL: from.host + "/" + r.name + ":" + tagName}
	if tagName == "" {
		resource.Tag, resource.URL = d, from.host+"/"+r.name+"@"+d
	}
	e := event{kind: kind, operator: from.operator, at: at.time(), data: eventData{
		Resources: []eventResource{resource},
		Repository: eventRepository{
			DateCreated: r.created.seconds(), Name: r.path(), Namespace: r.project.name, FullName: r.name, Type: visibilityWord(r.project),
		},
	}}
	if kind == eventRepositoryDelete {
		e.kind, e.data.Repository.DateCreated = EventDelete, 0
	}
	for _, p := range policies {
		if !p.Disabled && slices.Contains(p.Events, e.kind) {
			h.hooks.send(p, e)
		}
	}
}

func visibilityWord(p *project) string {
	if p.public {
		return "public"
	}
	return "private"
}

type defaultPayload struct {
	Type     string    `json:"type"`
	OccurAt  int64     `json:"occur_at"`
	Operator string    `json:"operator"`
	Data     eventData `json:"event_data"`
}

type cloudPayload struct {
	SpecVersion string    `json:"specversion"`
	ID          string    `json:"id"`
	Source      string    `json:"source"`
	Type        string    `json:"type"`
	ContentType string    `json:"datacontenttype"`
	Time        string    `json:"time"`
	Data        eventData `json:"data"`
	Operator    string    `json:"operator"`
	RequestID   string    `json:"requestid"`
}

// payload encodes an event as a policy wants it.
func (p policy) payload(e event) (contentType string, body []byte) {
	if p.Format != FormatCloudEvents {
		body, _ = json.Marshal(defaultPayload{e.kind, e.at.Unix(), e.operator, e.data}) // strings and numbers always encode
		return jsonType, body
	}
	body, _ = json.Marshal(cloudPayload{
		SpecVersion: "1.0", ID: uuid(), Type: cloudTypes[e.kind], ContentType: jsonType,
		Source: "/projects/" + strconv.FormatInt(p.projectID, 10) + "/webhook/policies/" + strconv.FormatInt(p.id, 10),
		Time:   e.at.Format(time.RFC3339), Data: e.data, Operator: e.operator, RequestID: uuid(),
	})
	return "application/cloudevents+json", body
}

// post makes one attempt and gives the status; zero if nobody answered.
func (w *webhooks) post(p policy, e event) int {
	contentType, body := p.payload(e)
	req, err := http.NewRequestWithContext(w.ctx, http.MethodPost, p.Address, bytes.NewReader(body))
	if err != nil {
		return 0
	}
	req.Header.Set("Content-Type", contentType)
	if p.AuthHeader != "" {
		req.Header.Set("Authorization", p.AuthHeader)
	}
	resp, err := w.client.Do(req)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	_, _ = io.CopyN(io.Discard, resp.Body, bodyLimit) // so that the connection can be used again
	return resp.StatusCode
}
