package server

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

const webhookPath = "/v1/webhooks/harbor"

// maxEvent bounds the body of one webhook, in bytes. The recorded ones have
// below 1 KB.
const maxEvent = 256 << 10

// harborEvent is what is read of a webhook, in both of Harbor's formats: Default
// has event_data, CloudEvents (structured mode) has data. An event only says
// where to look: digests stand where tags should, deletions name one tag of
// many, and several come in any order, so nothing else of it is believed.
type harborEvent struct {
	EventData json.RawMessage `json:"event_data"`
	Data      json.RawMessage `json:"data"`
}

type eventFacts struct {
	Repository struct {
		Namespace string `json:"namespace"`
	} `json:"repository"`
}

// project gives the project that an event names, "" if it names none: scans of
// the system, quotas, and what later Harbors send.
func (e harborEvent) project() string {
	text := e.EventData
	if text == nil {
		text = e.Data
	}
	var facts eventFacts
	if json.Unmarshal(text, &facts) != nil {
		return "" // events of other kinds have facts of other shapes
	}
	return facts.Repository.Namespace
}

// harborWebhook takes an event of Harbor's, answers at once, and has the project
// looked at behind that. Replaying an event has no other effect than one more
// look, and those are bounded.
func (s *Server) harborWebhook(w http.ResponseWriter, r *http.Request) int {
	if r.Method != http.MethodPost {
		w.Header()["Allow"] = []string{http.MethodPost}
		return s.failWith(w, api.CodeMethodNotAllowed, "%s is not answered here; use POST", shown(r.Method))
	}
	if !s.isHarbor(r) {
		s.metrics.event(eventUnauthorized)
		return s.failWith(w, api.CodeUnauthorized, "the header Authorization is not that of Harbor's webhook policy")
	}
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxEvent))
	if _, long := errors.AsType[*http.MaxBytesError](err); long {
		s.metrics.event(eventUnreadable)
		return s.failWith(w, api.CodeContentTooLarge, "the event has more than %d bytes", maxEvent)
	}
	if err != nil {
		s.metrics.event(eventUnreadable)
		return s.failWith(w, api.CodeBadParameter, "the event cannot be read")
	}
	var event *harborEvent // nil for null
	if err := json.Unmarshal(text, &event); err != nil || event == nil {
		s.metrics.event(eventUnreadable)
		return s.failWith(w, api.CodeBadParameter, "the event is no JSON object of Harbor's")
	}
	s.metrics.event(s.heed(event.project()))
	return s.accepted(w)
}

// acceptance is the body that says that an event was taken.
var acceptance = append(encode(api.Acceptance{}), '\n')

func (s *Server) accepted(w http.ResponseWriter) int {
	h := w.Header()
	h["Content-Type"] = typeJSON
	h["Cache-Control"] = notStored
	w.WriteHeader(http.StatusAccepted)
	_, _ = w.Write(acceptance)
	return http.StatusAccepted
}

// heed has a project looked at, and names what became of it.
func (s *Server) heed(project string) string {
	switch {
	case project == "":
		return eventIgnored
	case !s.view.Hint(project):
		return eventDropped
	}
	return eventHeeded
}

// isHarbor compares the whole header with the secrets of now, in constant time and
// without telling their lengths.
func (s *Server) isHarbor(r *http.Request) bool {
	values := r.Header["Authorization"]
	if len(values) != 1 {
		return false
	}
	given, fits := sha256.Sum256([]byte(values[0])), 0
	for _, secret := range s.webhookSecrets() {
		wanted := sha256.Sum256([]byte(secret))
		fits |= subtle.ConstantTimeCompare(given[:], wanted[:])
	}
	return fits == 1
}
