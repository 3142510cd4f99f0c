package history

import (
	"context"
	"errors"
	"regexp"
	"time"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/archive"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/artifact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// Entry is what one version says.
type Entry struct {
	Version string
	// Digest is the manifest's; "" where there is no manifest.
	Digest string
	// Identity is equal for equal content: the digest, where there is one.
	Identity string
	Chart    *chart.Chart
}

// digestForm is how a digest is written.
var digestForm = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// Get gives a version by its name or by its manifest's digest, from memory if it
// is one of the last few.
//
// Errors are of package fault: NotFound if the registry has no such version,
// Invalid, TooLarge, Tampered, Unsupported or Refused if what it has cannot be
// used, RateLimited (with RetryAfter) beyond so many in a minute, and Unreachable
// or Denied if the registry cannot be asked.
func (h *History) Get(ctx context.Context, name string) (*Entry, error) {
	if digestForm.MatchString(name) {
		return h.get(ctx, "", name)
	}
	l, err := h.List(ctx)
	if err != nil {
		return h.orHeld(name, err)
	}
	v := l.Find(name)
	if v == nil { // it may have been published just now
		if l, err = h.listAsOf(ctx, again); err != nil {
			return h.orHeld(name, err)
		}
		v = l.Find(name)
	}
	switch {
	case v == nil && l.Err != nil:
		return h.orHeld(name, l.Err) // it may be there all the same
	case v == nil:
		return nil, fault.New(fault.NotFound, "find version", h.from.Reference.String(), "there is no version %q", name)
	case v.Digest == "":
		found, err := h.from.Client.Resolve(ctx, h.from.Reference, artifact.Selection{Version: name})
		if err != nil {
			return h.orHeld(name, err)
		}
		return h.get(ctx, name, found.Digest)
	}
	return h.get(ctx, name, v.Digest)
}

// Hold keeps what a version says that is served, so that it can be told later
// though the registry does not answer: what changed since the version before is
// asked most when there is a new one.
func (h *History) Hold(e *Entry) {
	if e.Digest == "" {
		return
	}
	h.charts.Add(e.Digest, e.Chart)
	h.held.Add(e.Version, e)
}

// orHeld gives a version that was served, where the registry cannot be asked which
// one it has, else the error. A registry that answers has the last word.
func (h *History) orHeld(version string, err error) (*Entry, error) {
	e, held := h.held.Get(version)
	switch fault.KindOf(err) {
	case fault.Unreachable, fault.Denied, fault.RateLimited:
		if held {
			return e, nil
		}
	}
	return nil, err
}

// get gives the chart with a digest; a version that is named has to be its own.
func (h *History) get(ctx context.Context, version, digest string) (*Entry, error) {
	if c, ok := h.charts.Get(digest); ok {
		return entry(digest, c), nil
	}
	if f, ok := h.failed.Get(digest); ok && h.opts.Now().Before(f.until) {
		return nil, f.err
	}
	answer := h.flight.DoChan(digest, func() (any, error) {
		if c, ok := h.charts.Get(digest); ok {
			return c, nil
		}
		c, err := h.fetch(context.WithoutCancel(ctx), version, digest) // others may wait for the same answer
		if err != nil {
			h.fail(digest, err)
			return nil, err
		}
		h.charts.Add(digest, c)
		return c, nil
	})
	select {
	case a := <-answer:
		if a.Err != nil {
			return nil, a.Err
		}
		return entry(digest, a.Val.(*chart.Chart)), nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func entry(digest string, c *chart.Chart) *Entry {
	return &Entry{Version: c.Metadata.Version, Digest: digest, Identity: digest, Chart: c}
}

// fail keeps a failure, so that whoever asks again costs nothing for a while.
func (h *History) fail(digest string, err error) {
	pause := again
	switch fault.KindOf(err) {
	case fault.NotFound, fault.Invalid, fault.TooLarge, fault.Tampered, fault.Unsupported, fault.Refused:
		if _, before := h.failed.Get(digest); before {
			pause = forgiven
		}
	case fault.RateLimited:
		pause = min(fault.RetryAfterOf(err), again)
	}
	h.failed.Add(digest, failure{err: err, until: h.opts.Now().Add(pause)})
}

// fetch pulls a chart and understands it.
func (h *History) fetch(ctx context.Context, version, digest string) (*chart.Chart, error) {
	if err := h.afford(); err != nil {
		return nil, err
	}
	h.slots <- struct{}{} // the client bounds how long the others take
	defer func() { <-h.slots }()
	pulled, err := h.from.Client.Pull(ctx, h.from.Reference, artifact.Selection{Version: version, Digest: digest})
	if err != nil {
		return nil, err
	}
	if h.from.Check != nil {
		if err := h.from.Check(pulled); err != nil {
			return nil, err
		}
	}
	name := pulled.Reference.String()
	source, err := chart.FromArchive(pulled.Archive, name)
	if err != nil {
		kind := fault.Invalid
		if errors.Is(err, archive.ErrTooLarge) {
			kind = fault.TooLarge
		}
		return nil, fault.Wrap(kind, "open chart", name, err)
	}
	c, err := source.Load()
	if _, invalid := errors.AsType[*chart.InvalidError](err); invalid {
		return nil, fault.Wrap(fault.Invalid, "read catalog", name, err)
	}
	return c, err
}

// afford takes one of the fetches of this minute.
func (h *History) afford() error {
	now := h.opts.Now()
	r := h.budget.ReserveN(now, 1)
	wait := r.DelayFrom(now)
	if wait == 0 {
		return nil
	}
	r.CancelAt(now)
	e := fault.New(fault.RateLimited, "fetch version", h.from.Reference.String(), "more than %d versions were asked for in a minute", h.opts.PerMinute)
	e.RetryAfter = wait.Round(time.Second) + time.Second
	return e
}
