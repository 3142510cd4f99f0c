package server_test

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api/apitest"
)

// events is an open stream of events.
type events struct {
	*apitest.EventReader
	t      testing.TB
	header http.Header
	last   string // the id of the last event
	leave  func()
}

// open opens a stream, and requires that it is one.
func (e *endpoint) open(t testing.TB, path string, headers ...string) *events {
	t.Helper()
	ctx, leave := context.WithTimeout(context.Background(), time.Minute) // only a failing test takes as long
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, e.url+path, nil)
	require.NoError(t, err)
	for i := 0; i < len(headers); i += 2 {
		request.Header.Add(headers[i], headers[i+1])
	}
	response, err := e.client.Do(request)
	require.NoError(t, err)
	t.Cleanup(func() { leave(); response.Body.Close() })
	require.Equal(t, http.StatusOK, response.StatusCode)
	apitest.Validate(t, request, response, nil)
	return &events{
		EventReader: apitest.NewEventReader(response.Body), t: t, header: response.Header,
		last: request.Header.Get("Last-Event-ID"), leave: leave,
	}
}

// openTool opens a tool's stream in that tool's name.
func (e *endpoint) openTool(t testing.TB, tool string, headers ...string) *events {
	t.Helper()
	return e.open(t, "/v1/tool/"+tool+"/events", append([]string{"X-Toolforge-Tool", tool}, headers...)...)
}

// next waits for an event.
func (s *events) next() apitest.Event {
	s.t.Helper()
	event, err := s.Next()
	require.NoError(s.t, err)
	s.last = event.ID
	return event
}

// until reads on to the event with an id, and gives what came.
func (s *events) until(id string) (came []apitest.Event) {
	s.t.Helper()
	for s.last != id {
		came = append(came, s.next())
	}
	return came
}

// told reads on to the event with an id, and gives what came in short: the event
// and the name of the image.
func (s *events) told(id string) []string {
	s.t.Helper()
	out := []string{}
	for _, event := range s.until(id) {
		text := event.Name
		if name := dataOf[api.ImageEvent](s.t, event).ShortName; name != "" {
			text += " " + name
		}
		out = append(out, text)
	}
	return out
}

// dataOf decodes the data of an event.
func dataOf[T any](t testing.TB, event apitest.Event) (data T) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(event.Data), &data))
	return data
}

// mirror is a client that lists once and then follows events.
type mirror struct {
	t        testing.TB
	e        *endpoint
	tool     string // "" for what anyone may see
	stream   *events
	images   map[string]api.Image
	messages api.Messages
	lists    int // how often it had to list
}

func (e *endpoint) mirror(t testing.TB, tool string) *mirror {
	t.Helper()
	m := &mirror{t: t, e: e, tool: tool}
	m.connect("")
	return m
}

// connect opens the stream, behind an event if there is an id.
func (m *mirror) connect(id string) {
	m.t.Helper()
	var headers []string
	if id != "" {
		headers = []string{"Last-Event-ID", id}
	}
	if m.stream != nil {
		m.stream.leave()
	}
	if m.tool == "" {
		m.stream = m.e.open(m.t, "/v1/events", headers...)
	} else {
		m.stream = m.e.openTool(m.t, m.tool, headers...)
	}
	if id == "" {
		first := m.stream.next()
		require.Equal(m.t, api.EventStart, first.Name)
		m.apply(first)
	}
}

// list gives the list that the mirror is to equal.
func (m *mirror) list() answer {
	m.t.Helper()
	if m.tool == "" {
		return m.e.get(m.t, "/v1/images")
	}
	return m.e.toolList(m.t, m.tool, "")
}

// apply does what an event says.
func (m *mirror) apply(event apitest.Event) {
	m.t.Helper()
	switch event.Name {
	case api.EventStart, api.EventReset:
		a := m.list()
		require.Equal(m.t, a.header.Get("ETag"), dataOf[api.ListEvent](m.t, event).ETag)
		list := into[api.ImagesAnswer](a, http.StatusOK)
		m.lists++
		m.messages, m.images = list.Messages, map[string]api.Image{}
		for _, image := range list.Images {
			m.images[image.ShortName] = image
		}
	case api.EventAdded, api.EventChanged, api.EventRemoved:
		m.applyImage(event)
	case api.EventSource:
		data := dataOf[api.SourceEvent](m.t, event)
		for name, image := range m.images {
			if image.Type == api.TypeBuildservice && image.Sources["live"] == data.Source {
				image.Stale = data.Stale
				m.images[name] = image
			}
		}
	case api.EventMessages:
		m.messages = dataOf[api.MessagesEvent](m.t, event).Messages
	default:
		require.Fail(m.t, "unknown event", event.Name)
	}
}

// applyImage also holds what was before against what the mirror has.
func (m *mirror) applyImage(event apitest.Event) {
	m.t.Helper()
	data := dataOf[api.ImageEvent](m.t, event)
	had, has := m.images[data.ShortName]
	require.Equal(m.t, event.Name != api.EventAdded, has, "%s %s", event.Name, data.ShortName)
	if has {
		require.NotNil(m.t, data.Before)
		require.Equal(m.t, had, *data.Before)
	} else {
		require.Nil(m.t, data.Before)
	}
	if event.Name == api.EventRemoved {
		require.Nil(m.t, data.Image)
		delete(m.images, data.ShortName)
		return
	}
	require.NotNil(m.t, data.Image)
	require.Equal(m.t, data.ShortName, data.Image.ShortName)
	require.NotEqual(m.t, had, *data.Image)
	m.images[data.ShortName] = *data.Image
}

// catchUp applies events to the one with an id, and holds the outcome against
// the list.
func (m *mirror) catchUp(id string) {
	m.t.Helper()
	for _, event := range m.stream.until(id) {
		m.apply(event)
	}
	list := into[api.ImagesAnswer](m.list(), http.StatusOK)
	require.Equal(m.t, list.Messages, m.messages)
	names := slices.Sorted(maps.Keys(m.images))
	require.Len(m.t, list.Images, len(names))
	for i, name := range names {
		require.Equal(m.t, list.Images[i], m.images[name])
	}
}
