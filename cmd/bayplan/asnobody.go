package main

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// nobody is a tool's name that is longer than a project of Harbor's may be called:
// who asks in it is told what anyone may see.
var nobody = strings.Repeat("n", 256)

// asNobody asks about a spelling that is in no list: records do not say which
// references an image had once. A server tells it whomever it believes, as it
// does on this machine; told is false where it does not.
func (f *finder) asNobody(ctx context.Context, spelling string) (result api.Resolution, told bool, err error) {
	answer, err := f.who.resolveAs(ctx, nobody, []string{spelling}, f.explain)
	switch {
	case ctx.Err() != nil:
		return result, false, context.Cause(ctx)
	case err != nil || len(answer.Results) != 1:
		return result, false, nil
	}
	for _, text := range answer.Messages.Warning {
		if !slices.Contains(f.messages.Warning, text) {
			f.messages.Warning = append(f.messages.Warning, text)
		}
	}
	return answer.Results[0], true, nil
}

// untold says of an unknown reference that its server did not tell all.
func untold(r *api.Resolution) {
	if r.Status == http.StatusNotFound && r.Image.Host != "" && r.Image.Type == api.TypeStandard {
		r.Error = append(r.Error, "references that an image had once are told a tool alone here: ask with --tool")
	}
}
