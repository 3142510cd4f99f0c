package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/cmd/bayplan/demo"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/rotated"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server"
)

// defaultListen is loopback: whoever wants to be reached from elsewhere says so.
const defaultListen = "127.0.0.1:8080"

// maxRate is the highest rate that bounds anything.
const maxRate = 1_000_000

type serveOptions struct {
	std        streams
	source     sourceFlags
	state      stateFlags
	seed       seedFlags
	log        logFlags
	demo       bool
	listen     string
	operations string
	delay      time.Duration
	grace      time.Duration
	tls        tlsFlags
	webhook    string
	readers    int
	// connections bounds those of the main listener.
	connections int // 0 means the default
	rate        float64
	burst       int
	origins     []string
	anyPort     bool // the default port may be given up for a free one
}

func newServeCommand(std streams) *cobra.Command {
	o := &serveOptions{std: std}
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve the catalog over HTTP",
		Long: `Serve follows a catalog, asks the registries that it names, and answers over
HTTP: /openapi.json says what. It starts to listen at once and is ready
(/v1/readyz) when it has a first snapshot.

SIGTERM and Ctrl-C let the requests under way finish, for --shutdown-grace at
most, and exit with 0; a second one ends it at once. Behind a load balancer,
--shutdown-delay keeps it answering, not ready, until that has noticed. Accounts,
secrets, keys and certificates are read anew when their files change; at SIGHUP at
once, and all sources are asked.

Images that tools built come from the one registry whose kind is harbor in the
settings file. The header X-Toolforge-Tool is believed on loopback, and over TLS
from whoever shows a certificate of --client-ca.

With --state-dir it keeps what it serves on disk, and begins with that: at once,
marked stale, whether registries answer or not. The directory is for one process
alone. What was served last is also what no range or moving tag goes back from.
Where nothing is on disk, --seed names where the images that anyone may see are
taken from until the sources answer, marked stale too: a file that "bayplan export"
wrote, or another replica, which https and --seed-ca prove. It is fetched beside
the first questions to the sources, what they answer before it comes stands, and
nobody waits for it but the first catalog, a second. A seed that does not come
within --seed-timeout, is too old, or is not what it should be, is done without.

Where GOMEMLIMIT is set, questions about images get 503 with Retry-After while
nine tenths of it are in use; health and metrics are answered. --client-rate
bounds what one client may ask.

With --demo it brings registries, a sample catalog and small images of its own,
and needs nothing else.`,
		Example: `  bayplan serve --demo
  bayplan serve --catalog oci://harbor.example/toolforge/image-config:0.0.28
  bayplan serve --catalog oci://harbor.example/toolforge/image-config --constraint '>=0.0.28'
  bayplan serve --catalog oci://harbor.example/toolforge/image-config:0.0.28 --state-dir /var/lib/bayplan
  bayplan serve --catalog oci://harbor.example/toolforge/image-config:0.0.28 --seed https://bayplan.example:8443
  bayplan serve --catalog ./chart/image-config --registry registry.example=http://127.0.0.1:5000`,
		Args:              noArguments,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.anyPort = o.demo && !cmd.Flags().Changed("listen")
			if o.demo && !cmd.Flags().Changed("log-level") {
				o.log.level.value = "warn"
			}
			return o.run(cmd.Context())
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&o.demo, "demo", false, "bring registries, a catalog and images, and serve them")
	flags.StringVar(&o.listen, "listen", defaultListen, "`ADDRESS` to listen on")
	flags.StringVar(&o.operations, "operations-listen", "", "`ADDRESS` of a second listener, for health, readiness and metrics alone")
	flags.DurationVar(&o.delay, "shutdown-delay", 0, "how long to go on answering after SIGTERM, not ready, before the listeners close")
	flags.DurationVar(&o.grace, "shutdown-grace", 10*time.Second, "how long requests under way may take after that")
	flags.IntVar(&o.readers, "event-readers", 1000, "how `MANY` may follow /v1/events and tools' events at a time")
	flags.IntVar(&o.connections, "max-connections", manyConnections, "how `MANY` connections --listen has at most: silent ones make room for new ones, then these wait")
	flags.Float64Var(&o.rate, "client-rate", 0, "`REQUESTS` a second that one client (a tool that is proved, or an address) may send on average; more get 503 (0 bounds nothing)")
	flags.IntVar(&o.burst, "client-burst", 0, "how `MANY` of them may come at once (default two seconds' worth)")
	flags.StringArrayVar(&o.origins, "cors-origin", nil, "`ORIGIN` whose pages may read the public routes in a browser; * is all (repeatable)")
	flags.StringVar(&o.webhook, "webhook-secret-file", "", "`FILE` with what Harbor's webhook policies send as Authorization, one line, or two while a new one takes the place of the last; without it no webhooks are taken")
	o.tls.register(cmd)
	o.source.register(cmd)
	o.source.registerIntervals(cmd)
	o.state.register(cmd)
	o.seed.register(cmd)
	o.log.register(cmd)
	cmd.MarkFlagsMutuallyExclusive("demo", "catalog")
	return cmd
}

func (o *serveOptions) run(ctx context.Context) error {
	if o.delay < 0 || o.grace < 0 {
		return fault.New(fault.Usage, "", "--shutdown-delay, --shutdown-grace", "a time cannot be negative")
	}
	if o.readers < 0 {
		return fault.New(fault.Usage, "", "--event-readers", "a number of readers cannot be negative")
	}
	if o.connections < 0 {
		return fault.New(fault.Usage, "", "--max-connections", "a number of connections cannot be negative")
	}
	if !(o.rate >= 0 && o.rate <= maxRate) || o.burst < 0 { // no number is none of them
		return fault.New(fault.Usage, "", "--client-rate, --client-burst", "a rate is from 0 to %d requests a second, a burst 0 or more", maxRate)
	}
	beThrifty()
	surviveBrokenPipe()
	log := o.log.logger(o.std.err)
	if !o.demo {
		return o.serve(ctx, log, func(address string, first *snapshot.Snapshot) {
			log.Info("ready", "address", address, "images", len(first.Images))
		})
	}
	running, err := demo.Start(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = running.Close() }() // its registries end with us anyway
	o.source.catalog, o.source.credentials = running.Catalog.String(), running.Credentials
	return o.serve(withRegistries(ctx, running.Registries), log, func(address string, _ *snapshot.Snapshot) {
		fmt.Fprint(o.std.out, welcome(address, running))
	})
}

// serve runs until ctx ends, then lets the requests under way finish. ready is
// called once, with the first snapshot.
func (o *serveOptions) serve(ctx context.Context, log *slog.Logger, ready func(address string, first *snapshot.Snapshot)) (err error) {
	o.source.files = rotated.New(log)
	metrics, hung := server.NewMetrics(), hangups(ctx)
	metrics.SetVersion(buildVersion())
	r, closing, err := o.resolver(ctx, resolver.Options{Logger: log, Observe: metrics.Round})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closing()) }()
	secrets, err := followSecrets(o.source.files, "--webhook-secret-file", o.webhook)
	if err != nil {
		return err
	}
	handlers, err := server.New(r, server.Options{Logger: log, Metrics: metrics, WebhookSecrets: secrets, EventReaders: o.readers,
		ClientRate: o.rate, ClientBurst: o.burst, CrossOrigins: o.origins})
	if err != nil {
		return err
	}
	listeners, err := o.listeners(ctx, handlers, log)
	if err != nil {
		return err
	}
	for _, l := range listeners {
		if err := metrics.Connections(l.routes, l.crowd.most, l.crowd.now); err != nil {
			return err
		}
		log.Info("listening", "address", l.address(), "routes", l.routes, "version", buildVersion())
	}
	if err := o.unbelieved(listeners[0]); err != nil && hasUsers(r.Status()) {
		log.Warn("tools cannot ask for their own images", "error", err)
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, l := range listeners {
		group.Go(l.serve)
	}
	// As long as somebody may ask, what is answered is kept up.
	asked, nobodyAsks := context.WithCancel(context.WithoutCancel(ctx))
	group.Go(func() error { return r.Run(asked) })
	group.Go(func() error { return o.reloadAt(ctx, hung, log, r) })
	group.Go(func() error {
		defer nobodyAsks()
		<-ctx.Done()
		return o.drain(ctx, log, handlers, listeners)
	})
	firstSnapshot(ctx, r, func(s *snapshot.Snapshot) { ready(listeners[0].address(), s) })
	return group.Wait()
}

// resolver makes the resolver, with what an earlier process kept.
func (o *serveOptions) resolver(ctx context.Context, opts resolver.Options) (r *resolver.Resolver, closing func() error, err error) {
	if opts.Seed, err = o.seed.source(&o.tls, opts.Logger); err != nil {
		return nil, nil, err
	}
	closeState, err := o.state.open(&opts)
	if err != nil {
		return nil, nil, err
	}
	if r, err = o.source.open(ctx, opts); err != nil {
		return nil, nil, errors.Join(err, closeState())
	}
	return r, func() error {
		r.Close()
		return closeState()
	}, nil
}

// firstSnapshot calls f with the first snapshot once it is what is answered.
func firstSnapshot(ctx context.Context, r *resolver.Resolver, f func(*snapshot.Snapshot)) {
	first := make(chan *snapshot.Snapshot, 1)
	var once sync.Once
	r.Follow(func(s *snapshot.Snapshot) { once.Do(func() { first <- s }) })
	select {
	case s := <-first:
		f(s)
	case <-ctx.Done():
	}
}
