package resolver

import (
	"context"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
)

// Live is a source of live facts for one registry host.
type Live interface {
	// Ask answers for the references that it could ask about; Report.Err says
	// why it could not for the others. It bounds its own time, and returns soon
	// after ctx ends.
	Ask(ctx context.Context, refs []fact.Reference) fact.Report
}

// LiveFunc gives the source of a host as the catalog names it. It is called when
// a catalog begins to name the host, once more if one does so again later, and
// once for a host with prefixes that the catalog owns.
// It must not block.
type LiveFunc func(host string) Live
