package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/cmd/bayplan/fake"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server"
)

// errStdinClosed ends a test server that ends with whoever started it.
var errStdinClosed = errors.New("standard input was closed")

func (o *fakeOptions) run(ctx context.Context, stdin io.Reader) error {
	if err := fake.NewFaults().Set(o.faults); err != nil {
		return fault.Wrap(fault.Usage, "", "--fault", err)
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	if o.untilStdin {
		go func() {
			_, _ = io.Copy(io.Discard, stdin) // an error is an end, too
			stop(errStdinClosed)
		}()
	}
	platform, err := fake.Start(ctx, o.catalog, o.images)
	switch {
	case errors.Is(context.Cause(ctx), errStdinClosed):
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		return fault.Wrap(fault.Usage, "start", "", err)
	}
	defer func() { _ = platform.Close() }() // it ends with us anyway
	_ = platform.Faults.Set(o.faults)       // they were read before
	return o.serve(ctx, platform, o.log.logger(o.std.err))
}

// serve runs until ctx ends.
func (o *fakeOptions) serve(ctx context.Context, platform *fake.Fake, log *slog.Logger) error {
	source := sourceFlags{given: platform.Origin, credentials: platform.Credentials, interval: 2 * time.Second}
	r, err := source.open(withRegistries(ctx, platform.Registries), resolver.Options{Logger: log})
	if err != nil {
		return err
	}
	defer r.Close()
	handlers, err := server.New(r, server.Options{Logger: log, Proven: func(*http.Request) bool { return true }})
	if err != nil {
		return err
	}
	data, err := listen(ctx, "--listen", o.listen, platform.Faults.Front(handlers.Handler()), log)
	if err != nil {
		return err
	}
	control, err := listen(ctx, "--control-listen", o.control, platform.Control(settler(r)), log)
	if err != nil {
		_ = data.socket.Close() // nobody has connected
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(data.serve)
	group.Go(control.serve)
	group.Go(func() error { return r.Run(ctx) })
	group.Go(func() error {
		<-ctx.Done()
		// Nobody waits for the answers of a test server.
		_, _ = data.server.Close(), control.server.Close()
		return nil
	})
	var failed error
	firstSnapshot(ctx, r, func(*snapshot.Snapshot) { failed = o.ready(data.address(), control.address()) })
	if failed != nil {
		return failed
	}
	return group.Wait()
}

// settler lets the resolver ask everybody once, as far as they answer in time.
func settler(r *resolver.Resolver) func(context.Context) {
	return func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		// What cannot be asked is what the faults are for. The host that is a Harbor
		// goes by what is known of its users.
		_, _ = r.RefreshUsers(ctx), r.RefreshHosts(ctx)
	}
}

// addresses is what a test suite needs to know.
type addresses struct {
	URL     string `json:"url"`
	Control string `json:"control"`
}

// ready tells whoever waits where to ask.
func (o *fakeOptions) ready(url, control string) error {
	line, err := json.Marshal(addresses{URL: url, Control: control})
	if err != nil {
		return err
	}
	if o.addressFile != "" {
		if err := writeWhole(o.addressFile, append(line, '\n')); err != nil {
			return fault.Wrap(fault.Usage, "write", "--address-file", err)
		}
	}
	_, err = fmt.Fprintf(o.std.out, "%s\n", line)
	return err
}

// writeWhole puts a file in place whole, so that who looks for it never finds a
// part.
func writeWhole(path string, text []byte) error {
	file, err := os.CreateTemp(filepath.Dir(path), ".bayplan-*")
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	if err == nil {
		err = file.Chmod(0o644) // addresses are no secret
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		_ = os.Remove(file.Name()) // it may be gone
	}
	return err
}
