package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/client"
)

// resolveAs asks in a tool's name what spellings mean. Errors are those of
// [asker.get].
func (a *asker) resolveAs(ctx context.Context, tool string, spellings []string, explain bool) (*api.ResolutionsAnswer, error) {
	defer a.waiting()()
	c, err := a.asTool()
	if err != nil {
		return nil, err
	}
	answer, err := c.ResolveAll(ctx, tool, spellings, client.ResolveQuery{Explain: explain})
	switch {
	case err == nil:
		for i := range answer.Body.Results {
			sayNotFound(&answer.Body.Results[i])
		}
		return &answer.Body, nil
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	}
	if refusal, ok := errors.AsType[*client.Error](err); ok {
		return nil, &answerError{host: a.base.Host, status: refusal.Status, body: refusal.Body}
	}
	if failed, ok := errors.AsType[*client.AskError](err); ok {
		err = failed.Err
	}
	return nil, a.unreachable(err)
}

// asTool gives a client that can ask in a tool's name. Whoever waits at a
// terminal sees at once why there is no answer, and says how long to wait.
func (a *asker) asTool() (*client.Client, error) {
	const once, asLongAsItTakes = 1, 24 * time.Hour
	return client.New(a.base.String(), client.Options{
		HTTP: a.client, UserAgent: "bayplan/" + buildVersion(), Attempts: once, AttemptTimeout: asLongAsItTakes, Budget: asLongAsItTakes,
	})
}

// sayNotFound writes the sentence about a name that nothing has for people at a
// terminal, who ask no routes.
func sayNotFound(r *api.Resolution) {
	if r.Status != http.StatusNotFound {
		return
	}
	text := fmt.Sprintf("there is no image %q", r.Name)
	if len(r.Suggestions) > 0 {
		text += "; did you mean " + strings.Join(r.Suggestions, ", ") + "?"
	}
	r.Error = []string{text}
}
