package inventory

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbor"
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
	// projects may be; 0 means 30 s.
	ProofEvery time.Duration
	// SweepEvery is the pause between two listings of everything; 0 means 1 h.
	SweepEvery time.Duration
	// RescanEvery is how long one turn through all projects takes on a Harbor
	// whose update_time does not follow pushes; 0 means 5 min.
	RescanEvery time.Duration
	// Concurrency bounds the questions under way; 0 means 64. The endpoint has
	// a bound of its own.
	Concurrency int
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
	// Health is for people; it changes with each round.
	Health Health
}

// Health tells how the source fares.
type Health struct {
	LastSuccess, LastAttempt, LastSweep, LastProof time.Time
	Identity                                       harbor.Identity
	Version                                        string // "" where Harbor hides it
	Plan                                           Plan
	// Denied counts projects that are listed but may not be read.
	Denied int
}

// Inventory keeps what tools' users built. It is safe for concurrent use.
type Inventory struct {
	host   string
	harbor Harbor
	opts   Options
	log    *slog.Logger
	state  atomic.Pointer[State]

	book book // of the round under way; there is one at a time
	// oneByOne is set once projects cannot be listed whole: Harbor is older than
	// 2.12, or we are anonymous.
	oneByOne atomic.Bool

	mu      sync.Mutex       // guards what follows and publication; never held over I/O
	asked   int64            // counts questions about projects, in the order they begin
	applied map[string]int64 // by project: the newest question whose answer is in the view
	kept    map[string]bool  // projects that are no tool's and are kept all the same
	follow  func(*State)
}

// New makes an inventory of the Harbor that pods name host. It asks nothing
// before its first [Inventory.Round].
func New(host string, h Harbor, opts Options) *Inventory {
	i := &Inventory{host: host, harbor: h, opts: opts.withDefaults(), applied: map[string]int64{}, kept: map[string]bool{}, follow: func(*State) {}}
	i.log = i.opts.Logger
	i.book.others = map[string]row{}
	i.state.Store(&State{View: emptyView()})
	return i
}

func (o Options) withDefaults() Options {
	defaultTo(&o.ProofEvery, 30*time.Second)
	defaultTo(&o.SweepEvery, time.Hour)
	defaultTo(&o.RescanEvery, 5*time.Minute)
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

// book is what rounds remember between them.
type book struct {
	swept     bool
	lastSweep time.Time
	proved    time.Time
	identity  harbor.Identity
	private   map[string]bool // projects; nil until proved once
	known     map[string]bool // projects whose privacy is known
	others    map[string]row  // repositories of projects that are not kept
	newest    time.Time       // the newest update_time seen
	total     int             // how many repositories Harbor counted last
	version   string
	plan      Plan
	next      string    // the project at which the rescan goes on
	turned    time.Time // when it last went on
	shrunk    int       // listings in a row that lost implausibly much
}

// row is what a listing says of a repository.
type row struct {
	id        int64
	updated   int64
	artifacts int64
}
