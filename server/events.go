package server

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"time"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

const (
	eventsPath     = "/v1/events"
	toolEventsPath = "/v1/tool/{toolname}/events"
)

const (
	// maxEventReaders is how many follow events at a time, by default. Each costs
	// some 30 KB, most of it the connection's.
	maxEventReaders = 1000
	// heartbeatEvery is how long a stream says nothing at most.
	heartbeatEvery = 15 * time.Second
	// eventPatience is how long a reader may take nothing of what is sent.
	eventPatience = 10 * time.Second
	// minRetry and maxRetry are how long readers are to wait before they come
	// back; spread, because all of a replica's readers leave it at once.
	minRetry, maxRetry = 1 * time.Second, 5 * time.Second
)

// Header values of streams of events.
var (
	typeEvents    = []string{"text/event-stream"}
	notBuffered   = []string{"no"}
	varyToolAlone = []string{toolHeader}
)

// noParameters are those of a route that has none.
var noParameters = map[string]bool{}

// EndEvents ends the streams of events, and takes no more of them: their readers
// go on elsewhere. It is for when the listeners have closed, because some
// readers take an answer other than 200 for the end of everything.
func (s *Server) EndEvents() { s.endEvents.Do(func() { close(s.eventsEnded) }) }

// getEvents tells what changes in what anyone may see.
func (s *Server) getEvents(w http.ResponseWriter, r *http.Request) int {
	return s.events(w, r, anybody)
}

// getToolEvents tells what changes among the standard images and those that one
// tool built.
func (s *Server) getToolEvents(w http.ResponseWriter, r *http.Request) int {
	tool, refusal := s.toolAsking(r)
	if refusal != nil {
		return s.fail(w, *refusal)
	}
	project, _ := inventory.ProjectOf(tool) // it has one, or it was refused
	w.Header()["Vary"] = varyToolAlone
	return s.events(w, r, audience(project))
}

// events sends events until the reader leaves, or has to.
func (s *Server) events(w http.ResponseWriter, r *http.Request, to audience) int {
	if s.pages.Load() == nil {
		return s.notReady(w)
	}
	if _, err := parseQuery(r.URL.RawQuery, noParameters); err != nil {
		return s.failWith(w, api.CodeBadParameter, "%s", err)
	}
	select {
	case <-s.eventsEnded:
		return s.failWith(w, api.CodeNotReady, "this process is shutting down")
	default:
	}
	if r.Method != http.MethodHead && !s.eventReaders.begin() {
		return s.failWith(w, api.CodeOverloaded, "too many follow events here; come back, or ask for the list with If-None-Match now and then")
	}
	h := w.Header()
	h["Content-Type"] = typeEvents
	h["Cache-Control"] = notStored
	h["X-Accel-Buffering"] = notBuffered // nginx would wait for more
	if r.Method == http.MethodHead {
		return http.StatusOK
	}
	defer s.eventReaders.end()
	defer s.metrics.reading(to)()
	defer s.breakOff(r, "a stream of events broke off")
	return s.follow(w, r, to)
}

// follow tells a reader everything from where it stopped, or from now on.
func (s *Server) follow(w http.ResponseWriter, r *http.Request, to audience) int {
	f := &follower{server: s, to: newEventWriter(w, s.eventPatience)}
	err := f.begin(to, r.Header.Get("Last-Event-ID"))
	if err == nil {
		err = f.run(r.Context())
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		s.metrics.readersDropped.Inc()
		s.log.DebugContext(r.Context(), "a reader of events was dropped: it took nothing", "patience", s.eventPatience)
	}
	return http.StatusOK
}

// follower is a reader of events.
type follower struct {
	server *Server
	to     *eventWriter
	at     position
	text   []byte // used again for each id
}

// begin takes up a stream behind the event with an id; "" is from now on. Its place
// is known before the reader hears anything: of what changes once the reader is
// connected, nothing is left out.
func (f *follower) begin(a audience, id string) error {
	retry := minRetry + rand.N(maxRetry-minRetry)
	first := fmt.Appendf(nil, "retry: %d\n\n", retry.Milliseconds())
	if id == "" {
		return f.restart(a, api.EventStart, first)
	}
	at, ok := f.server.journal.resume(a, id)
	if !ok {
		return f.restart(a, api.EventReset, first)
	}
	f.at = at
	return f.to.send(first)
}

// restart tells the reader to list, and goes on from what the list holds now. What
// is sent first may be nil.
func (f *follower) restart(a audience, event string, first []byte) error {
	at, p := f.server.journal.end(a)
	f.at = at
	data := encode(api.ListEvent{ETag: f.server.listTag(p, a)})
	f.text = appendID(append(f.text[:0], first...), at.epoch, at.count)
	f.server.metrics.sent(event)
	return f.to.send(append(f.text, eventText(event, data)...))
}

// run sends what there is until ctx or the streams end, with a sign of life now
// and then. The error is the writer's.
func (f *follower) run(ctx context.Context) error {
	beat := time.NewTicker(f.server.heartbeat)
	defer beat.Stop()
	for {
		news, grown, ok := f.server.journal.read(&f.at)
		var err error
		switch {
		case !ok || slices.ContainsFunc(news, (*change).isReset):
			err = f.restart(f.at.audience, api.EventReset, nil)
		case len(news) > 0:
			err = f.tell(news)
		default:
			select {
			case <-grown:
				continue
			case <-beat.C:
				err = f.to.send([]byte(heartbeat))
			case <-f.server.eventsEnded:
				return nil
			case <-ctx.Done():
				return nil
			}
		}
		if err != nil {
			return err
		}
	}
}

// tell sends changes, all that there are before it flushes: none waits for a
// later one.
func (f *follower) tell(news []*change) error {
	for _, c := range news {
		f.at.count++
		f.text = appendID(f.text[:0], f.at.epoch, f.at.count)
		f.server.metrics.sent(c.event)
		if err := f.to.write(f.text, c.text); err != nil {
			return err
		}
	}
	return f.to.flush()
}

// listTag gives the entity tag of a whole list in identity.
func (s *Server) listTag(p *pages, to audience) string {
	list := p.list
	switch tool, _ := inventory.ToolOf(string(to)); {
	case to != anybody:
		list = s.toolList(p, p.tool(tool))
	case list == nil:
		m := p.complete.get(s.keptRecords)
		if m.tally != nil {
			return `"` + m.tally.sum + `"`
		}
		list = m.body
	}
	return list.in(identity).coded[identity].etag[0]
}

// eventWriter sends events at once, to a reader who may take so long for each.
type eventWriter struct {
	to       http.ResponseWriter
	control  *http.ResponseController
	patience time.Duration
}

func newEventWriter(w http.ResponseWriter, patience time.Duration) *eventWriter {
	return &eventWriter{to: w, control: http.NewResponseController(w), patience: patience}
}

// write writes texts. Its errors, and those of flush, are os.ErrDeadlineExceeded
// for a reader who takes nothing; others say that it is gone.
func (e *eventWriter) write(texts ...[]byte) error {
	// A writer that knows no deadlines needs no more time.
	_ = e.control.SetWriteDeadline(time.Now().Add(e.patience))
	for _, text := range texts {
		if _, err := e.to.Write(text); err != nil {
			return err
		}
	}
	return nil
}

// flush sends what was written.
func (e *eventWriter) flush() error { return e.control.Flush() }

// send writes a text and sends it.
func (e *eventWriter) send(text []byte) error {
	if err := e.write(text); err != nil {
		return err
	}
	return e.flush()
}
