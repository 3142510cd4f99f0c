package apitest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

const eventStream = "text/event-stream"

// Event is one event of a stream, as the WHATWG HTML specification (section
// 9.2.6) has a reader understand it.
type Event struct {
	ID   string // the last one that was given, with this event or before
	Name string // "message" where the stream names none
	Data string
}

// EventReader reads events, and holds each against the published document.
type EventReader struct {
	// Retry is the last hint at how long to wait before coming back, in milliseconds.
	Retry string

	lines *bufio.Reader
	id    string
}

// NewEventReader reads from the body of an answer.
func NewEventReader(body io.Reader) *EventReader { return &EventReader{lines: bufio.NewReader(body)} }

// Next gives the next event. The error is io.EOF at the end of the stream, which
// may be in the middle of an event; that one does not count.
func (r *EventReader) Next() (Event, error) {
	event, data := Event{Name: "message"}, []string{}
	for {
		line, err := r.lines.ReadString('\n')
		if err != nil {
			return Event{}, err
		}
		line = strings.TrimSuffix(line, "\n")
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case line == "" && len(data) == 0:
			event.Name = "message"
		case line == "":
			event.ID, event.Data = r.id, strings.Join(data, "\n")
			return event, CheckEvent(event)
		case field == "": // a comment
		case field == "event":
			event.Name = value
		case field == "data":
			data = append(data, value)
		case field == "id":
			r.id = value
		case field == "retry":
			r.Retry = value
		default:
			return Event{}, fmt.Errorf("line %q has no field that readers know", line)
		}
	}
}

// NextComment waits for a comment. An event before it is an error.
func (r *EventReader) NextComment() error {
	for {
		line, err := r.lines.ReadString('\n')
		switch {
		case err != nil:
			return err
		case line == ":\n":
			return nil
		case line != "\n":
			return fmt.Errorf("%q where a comment was to come", line)
		}
	}
}

// CheckEvent tells whether the data of an event is what the document says of its
// name.
func CheckEvent(event Event) error {
	document, err := complete()
	if err != nil {
		return fmt.Errorf("load the document: %w", err)
	}
	names, _ := document.Components.Schemas["EventStream"].Value.Extensions["x-event-data"].(map[string]any)
	name, _ := names[event.Name].(string)
	schema := document.Components.Schemas[name]
	if schema == nil {
		return fmt.Errorf("event %q is not documented", event.Name)
	}
	var data any
	if err := json.Unmarshal([]byte(event.Data), &data); err != nil {
		return fmt.Errorf("event %s: not one JSON document: %w", event.Name, err)
	}
	if strings.Count(event.ID, ".") != 1 {
		return fmt.Errorf("event %s: id %q is not an epoch and a number", event.Name, event.ID)
	}
	err = schema.Value.VisitJSON(data, openapi3.SetSchemaErrorMessageCustomizer(place), openapi3.MultiErrors())
	return errors.Join(append(nulls("data of "+event.Name, data), err)...)
}

// isEventStream tells the content type of streams of events.
func isEventStream(contentType string) bool {
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && media == eventStream
}

// checkEvents holds what was read of a stream against the document.
func checkEvents(body []byte) error {
	if slices.Contains(body, '\r') {
		return errors.New("a carriage return, which ends a line for readers")
	}
	for events := NewEventReader(bytes.NewReader(body)); ; {
		if _, err := events.Next(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}
