package inventory

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbor"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/shrink"
)

// Harbor is what an inventory needs of Harbor's API; *harbor.Client is one.
type Harbor interface {
	// SystemInfo tells the version, where Harbor shows it.
	SystemInfo(ctx context.Context) (harbor.Info, error)
	// Prove asks whether the credential is believed. Errors: fault.Denied if it
	// is not, fault.Unreachable if nobody could be asked.
	Prove(ctx context.Context) (harbor.Identity, error)
	// Projects lists projects, all pages.
	Projects(ctx context.Context, filter harbor.ProjectFilter) ([]harbor.Project, error)
	// RecentRepositories gives one page of all repositories, the newest change
	// first, and how many there are.
	RecentRepositories(ctx context.Context, page int) (harbor.Page, error)
	// AllRepositories lists all repositories, all pages.
	AllRepositories(ctx context.Context) ([]harbor.Repository, error)
	// ProjectRepositories lists the repositories of a project, all pages.
	ProjectRepositories(ctx context.Context, project string) ([]harbor.Repository, error)
	// ProjectArtifacts lists what all repositories of a project hold. It is not
	// there for everybody: fault.Unsupported.
	ProjectArtifacts(ctx context.Context, project string) ([]harbor.Artifact, error)
	// RepositoryArtifacts lists what one repository holds.
	RepositoryArtifacts(ctx context.Context, repository string) ([]harbor.Artifact, error)
}

// Options adjust an [Inventory]. The zero value works.
type Options struct {
	// ProofEvery is how old the proof of identity and the list of private
	// projects may be; 0 means 25 s, so that they are never older than 30 s where
	// the caller's rounds heed [Inventory.ProofDue].
	ProofEvery time.Duration
	// SweepEvery is the pause between two listings of everything, a tenth more or
	// less; 0 means 1 h.
	SweepEvery time.Duration
	// RescanEvery is how long one turn through all projects takes on a Harbor
	// whose update_time does not follow pushes; 0 means 5 min.
	RescanEvery time.Duration
	// Doubt is how long Harbor has to say the same whose listing lost half or more
	// of what there was, before it is believed (package shrink); 0 means 1 min.
	Doubt time.Duration
	// Concurrency bounds the questions under way; 0 means 64. The endpoint has
	// a bound of its own.
	Concurrency int
	// Markers reads tags that are markers (package marker) as metadata of their
	// repository; without it they are tags like all others.
	Markers bool
	// Logger gets what happens; nil discards it.
	Logger *slog.Logger
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// State is what an inventory knows, at one moment. It is immutable.
type State struct {
	View *View
	// Err is why the last round failed; nil if it did not. What the view holds
	// is then the last good answer.
	Err error
	// Recalled tells that the view is what an earlier process knew, and that no
	// round has succeeded since.
	Recalled bool
	// Health is for people; it changes with each round.
	Health Health

	losses, rights shrink.Watch // the book's, as of the last round
}

// Health tells how the source fares.
type Health struct {
	LastSuccess, LastAttempt, LastSweep, LastProof time.Time
	Identity                                       harbor.Identity
	// Version is Harbor's; "" where it hides it.
	Version string
	Plan    Plan
	// Denied counts projects that are listed but may not be read: what was known
	// of them stands as it was.
	Denied int
	// Failing counts projects that Harbor could not answer about while it answered
	// about others: what was known of them stands, marked stale.
	Failing int
	// PublicDenied and PublicFailing count those that anyone may see.
	PublicDenied, PublicFailing int
}

// Inventory keeps what tools' users built. It is safe for concurrent use.
type Inventory struct {
	host   string
	harbor Harbor
	opts   Options
	log    *slog.Logger
	state  atomic.Pointer[State]

	book   book          // of the round under way; there is one at a time
	sowing chan struct{} // holds one signal that others' word came
	allows func(digest string) bool
	// oneByOne is set once projects cannot be listed whole: Harbor is older than
	// 2.12, or we are anonymous.
	oneByOne atomic.Bool

	mu        sync.Mutex         // guards what follows and publication; never held over I/O
	flights   map[string]*flight // by project
	privacy   privacy            // as of the last proof
	kept      map[string]bool    // projects that are kept for standard images: whether they were read
	newlyKept bool               // some became so since the last round
	empty     map[string]bool    // projects that were read and held nothing, until a round succeeds
	sown      bool               // what others said is in the view, until a round succeeds
	reckoning bool               // a round works out what is gone
	there     map[string]bool    // the repositories that a round has listed, from when it is believed until its end
	follow    func(*State)
}

// New makes an inventory of the Harbor that pods name host. It asks nothing
// before its first [Inventory.Round].
func New(host string, h Harbor, opts Options) *Inventory {
	i := &Inventory{host: host, harbor: h, opts: opts.withDefaults(), flights: map[string]*flight{}, kept: map[string]bool{}, empty: map[string]bool{}, sowing: make(chan struct{}, 1), follow: func(*State) {}}
	i.log = i.opts.Logger
	i.book.others, i.book.denied, i.book.failing = map[string]row{}, map[string]row{}, map[string]failing{}
	i.state.Store(&State{View: emptyView()})
	return i
}

func (o Options) withDefaults() Options {
	defaultTo(&o.ProofEvery, 25*time.Second)
	defaultTo(&o.SweepEvery, time.Hour)
	defaultTo(&o.RescanEvery, 5*time.Minute)
	defaultTo(&o.Doubt, time.Minute)
	if o.Concurrency <= 0 {
		o.Concurrency = 64
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

func defaultTo(d *time.Duration, fallback time.Duration) {
	if *d <= 0 {
		*d = fallback
	}
}

// Host is the registry as pods name it.
func (i *Inventory) Host() string { return i.host }

// State gives what is known now. It is never nil; before the first good round
// its view is empty and Health.LastSuccess is zero.
func (i *Inventory) State() *State { return i.state.Load() }

// Follow names the function that is told of each state with another view or
// another failure, in order. It is for start-up.
func (i *Inventory) Follow(f func(*State)) { i.follow = f }

// AllowLosses names the function that tells whether an operator lets a loss in by
// its digest, and uses that up. It is for start-up.
func (i *Inventory) AllowLosses(f func(digest string) bool) { i.allows = f }
