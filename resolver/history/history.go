// Package history knows the versions of a catalog chart: which there are in its
// repository, when each was published, and what one of them says.
//
// A [History] asks when it is asked, and keeps what it learnt: the list for a
// minute, the manifest of a digest for good, the last few charts. However many
// ask, one question is under way at a time, only a few charts are fetched at a
// time, and only so many in a minute. What it cannot repeat it gives as it last
// was, and says so.
//
// Publication times are Harbor's, where the registry is one: no manifest is read
// there for them, because that counts as a pull and retention goes by pulls. On
// a plain registry the manifest of each version is read once, for the time that
// its publisher wrote into it.
//
// It does not know which version is served, nor takes any into use: package
// resolver does.
package history

import (
	"context"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/singleflight"
	"golang.org/x/time/rate"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/artifact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbor"
)

// Repository is where the chart is published.
type Repository struct {
	Client    *artifact.Client
	Reference artifact.Reference // host and path
	// Selection is what is followed there. Under a constraint the list tells which
	// version it would pick.
	Selection artifact.Selection
	// Harbor lists artifacts through Harbor's API; nil where the registry is a
	// plain one.
	Harbor Harbor
	// HarborName is the repository's name in Harbor, project included.
	HarborName string
	// Check decides whether the content of a chart may be shown at all; nil lets
	// every chart pass. Its errors are of package fault.
	Check func(*artifact.Chart) error
}

// Harbor is what is needed of Harbor's API; *harbor.Client is one.
type Harbor interface {
	// RepositoryArtifacts lists what one repository holds. It is no pull.
	RepositoryArtifacts(ctx context.Context, repository string) ([]harbor.Artifact, error)
}

// Options adjust a [History]. The zero value works.
type Options struct {
	// Fresh is how old a list may be; 0 means 1 min.
	Fresh time.Duration
	// Patience bounds how long a caller waits for a list that can be had as it was
	// before; 0 means 3 s.
	Patience time.Duration
	// PerMinute is how many charts are fetched in a minute at most; 0 means 10.
	PerMinute int
	// Charts is how many charts are kept; 0 means 16.
	Charts int
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Bounds that nobody needs to change.
const (
	// looked is how many versions, the newest first, are looked at on a plain
	// registry; of older ones digest and time are not known.
	looked = 200
	// parallel is how many questions about versions are under way.
	parallel = 8
	// fetching is how many charts are fetched at a time.
	fetching = 2
	// again is the pause after a list that could not be had, and after a chart was no
	// good once: it may be the registry that had a bad moment.
	again = 10 * time.Second
	// forgiven is how long a chart that was no good twice is not fetched again.
	forgiven = time.Minute
	// settled is how long the digest of a version is believed: a published version
	// does not change, but somebody may have.
	settled = 10 * time.Minute
	// listTimeout bounds one list with all its questions.
	listTimeout = 30 * time.Second
	// remembered is how many digests and how many failures are kept.
	remembered = 1000
)

// History is the history of one chart. It is safe for concurrent use.
type History struct {
	from   Repository
	opts   Options
	flight singleflight.Group
	slots  chan struct{}
	budget *rate.Limiter

	charts  *lru.Cache[string, *chart.Chart] // by digest
	failed  *lru.Cache[string, failure]      // by digest
	created *lru.Cache[string, time.Time]    // by digest; zero where the manifest does not say
	digests *lru.Cache[string, known]        // by version
	held    *lru.Cache[string, *Entry]       // by version: what was served

	mu        sync.Mutex
	list      *List // the last good one; nil at first
	at        time.Time
	err       error     // why there is no newer one
	notBefore time.Time // nobody is asked again before
}

type failure struct {
	err   error
	until time.Time
}

// known is the digest of a version, and when it was asked for.
type known struct {
	digest string
	at     time.Time
}

// New makes the history of the chart in a repository. It asks nothing yet.
func New(from Repository, opts Options) *History {
	if opts.Fresh <= 0 {
		opts.Fresh = time.Minute
	}
	if opts.Patience <= 0 {
		opts.Patience = 3 * time.Second
	}
	if opts.PerMinute <= 0 {
		opts.PerMinute = 10
	}
	if opts.Charts <= 0 {
		opts.Charts = 16
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	return &History{
		from: from, opts: opts, slots: make(chan struct{}, fetching),
		budget: rate.NewLimiter(rate.Every(time.Minute/time.Duration(opts.PerMinute)), opts.PerMinute),
		charts: cache[*chart.Chart](opts.Charts), failed: cache[failure](remembered),
		created: cache[time.Time](remembered), digests: cache[known](remembered), held: cache[*Entry](opts.Charts),
	}
}

func cache[V any](size int) *lru.Cache[string, V] {
	c, err := lru.New[string, V](size)
	if err != nil {
		panic("history: " + err.Error()) // the size is positive
	}
	return c
}
