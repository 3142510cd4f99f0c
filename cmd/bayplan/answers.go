package main

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server"
)

// answerFlags say who answers: a running server, or this process after it has
// asked the registries itself. Both answer by the same handlers.
type answerFlags struct {
	server  string
	proof   proofFlags
	timeout time.Duration
	source  sourceFlags
	// listings tells that registries are asked which repositories they have, too.
	listings bool
}

func (f *answerFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.server, "server", "", "ask the server at this `URL` instead of the registries")
	f.proof.register(cmd)
	cmd.Flags().DurationVar(&f.timeout, "timeout", 30*time.Second, "how long the whole may take")
	f.source.register(cmd)
}

// ask calls use with somebody who answers, for as long as the flags allow.
func (f *answerFlags) ask(ctx context.Context, std streams, use func(context.Context, *asker) error) error {
	if f.timeout <= 0 {
		return fault.New(fault.Usage, "", "--timeout", "%s is no time to answer in", f.timeout)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, f.timeout, f.late())
	defer cancel()
	who, err := f.open(ctx, std)
	if err != nil {
		return err
	}
	return use(ctx, who)
}

func (f *answerFlags) late() error {
	return fault.New(fault.Unreachable, "", "", "there was no answer within %s", f.timeout).
		WithHint("allow more with --timeout")
}

// open makes an asker. Without a server it asks the registries first, once.
func (f *answerFlags) open(ctx context.Context, std streams) (*asker, error) {
	if f.server == "" {
		return f.askRegistries(ctx, std)
	}
	if f.source.catalog != "" {
		return nil, fault.New(fault.Usage, "", "--server", "it cannot go together with --catalog: the server has a catalog of its own")
	}
	a, err := askServer(f.server, &f.proof)
	if err != nil {
		return nil, err
	}
	a.waiting = func() func() {
		return std.whileWaiting(func() string { return "waiting for " + a.base.Host })
	}
	return a, nil
}

// askServer asks a running server.
func askServer(address string, proof *proofFlags) (*asker, error) {
	base, err := url.Parse(address)
	switch {
	case err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https":
		return nil, fault.New(fault.Usage, "", "--server", "%q is no URL such as http://127.0.0.1:8080", address)
	case base.User != nil:
		return nil, fault.New(fault.Usage, "", "--server", "the URL holds a user or a password, which a Bayplan server does not ask for: leave them out")
	case base.RawQuery != "" || base.Fragment != "":
		return nil, fault.New(fault.Usage, "", "--server", "the URL has a query or a fragment: leave it out")
	}
	transport, err := proof.transport()
	if err != nil {
		return nil, err
	}
	return newAsker(base, transport), nil
}

// askRegistries asks the registries once, and answers as a server would that
// had done so. Some of the time is kept for saying who did not answer.
func (f *answerFlags) askRegistries(ctx context.Context, std streams) (*asker, error) {
	f.source.roundLimit = min(f.timeout/4*3, 20*time.Second)
	if f.listings {
		f.source.proofEvery = 1
	}
	r, err := f.source.open(ctx, resolver.Options{FirstWait: f.source.roundLimit})
	if err != nil {
		return nil, err
	}
	defer r.Close()
	stop := std.whileWaiting(func() string { return "asking " + unasked(r.Status()) })
	err = f.refresh(ctx, r)
	stop()
	if err != nil {
		return nil, err
	}
	handlers, err := server.New(r, server.Options{})
	if err != nil {
		return nil, err
	}
	a := newAsker(&url.URL{Scheme: "http", Host: "bayplan.invalid"}, inProcess{handlers.Data()})
	a.failures = failures(r.Status())
	return a, nil
}

// refresh asks everybody once. When the time is over, what is known by then is
// an answer too.
func (f *answerFlags) refresh(ctx context.Context, r *resolver.Resolver) error {
	most, cancel := context.WithTimeoutCause(ctx, f.timeout/8*7, f.late())
	defer cancel()
	var group errgroup.Group
	group.Go(func() error { return r.Refresh(most) })
	if f.listings {
		group.Go(func() error { return r.RefreshOwned(most) })
	}
	err := group.Wait()
	if f.listings && err == nil {
		// Of a project that came up beside the first round it is not known yet whether
		// it is private: nothing is said of it before another round has proved that.
		err = r.RefreshUsers(most)
	}
	if ctx.Err() == nil && most.Err() != nil && r.Snapshot() != nil {
		return nil
	}
	return err
}

// unasked names the sources that have not had their say yet.
func unasked(status resolver.Status) string {
	var names []string
	for _, s := range status.Sources {
		if s.LastAttempt.IsZero() && s.Kind != resolver.KindListing {
			names = append(names, s.Name)
		}
	}
	if len(names) == 0 {
		return "the registries"
	}
	return strings.Join(names, ", ")
}

// failures says why hosts could not be asked: the answer itself tells only
// that. The advice goes with them.
func failures(status resolver.Status) []string {
	var out []string
	for _, s := range status.Sources {
		if s.Err == nil || s.Kind == resolver.KindChart {
			continue
		}
		text := s.Err.Error()
		if hint := fault.HintOf(s.Err); hint != "" {
			text = fmt.Sprintf("%s (%s)", text, hint)
		}
		out = append(out, text)
	}
	return out
}
