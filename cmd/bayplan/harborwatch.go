package main

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbor"
)

// progressEvery is the pause between two lines about how far the first reading
// of Harbor is.
const progressEvery = 10 * time.Second

// harborWatch tells operators how the source of user-built images fares: how far
// its first reading is, which may take minutes; what it found out about Harbor;
// and what is wrong with its account. It is the client with a log.
type harborWatch struct {
	*harbor.Client
	log   *slog.Logger
	every time.Duration
	began time.Time

	repositories, answers atomic.Int64
	logged                atomic.Int64 // when, counted from began
	read                  atomic.Bool  // the first reading is done
	deniedThen            atomic.Int64 // as it was logged

	// denied counts the projects that are listed and may not be read.
	denied func() int
}

func newHarborWatch(client *harbor.Client, log *slog.Logger) *harborWatch {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &harborWatch{
		Client: client, log: log, every: progressEvery, began: time.Now(), denied: func() int { return 0 },
	}
}

// AllRepositories is the client's; the first reading begins with it.
func (w *harborWatch) AllRepositories(ctx context.Context) ([]harbor.Repository, error) {
	rows, err := w.Client.AllRepositories(ctx)
	if err == nil && !w.read.Load() {
		w.repositories.Store(int64(len(rows)))
		w.log.Info("reading all of Harbor for the first time", "repositories", len(rows))
		w.logged.Store(int64(time.Since(w.began)))
	}
	return rows, err
}

// ProjectArtifacts is the client's, counted.
func (w *harborWatch) ProjectArtifacts(ctx context.Context, project string) ([]harbor.Artifact, error) {
	defer w.progress()
	return w.Client.ProjectArtifacts(ctx, project)
}

// RepositoryArtifacts is the client's, counted.
func (w *harborWatch) RepositoryArtifacts(ctx context.Context, repository string) ([]harbor.Artifact, error) {
	defer w.progress()
	return w.Client.RepositoryArtifacts(ctx, repository)
}

func (w *harborWatch) progress() {
	if w.read.Load() {
		return
	}
	answers, last, now := w.answers.Add(1), w.logged.Load(), int64(time.Since(w.began))
	if now-last >= int64(w.every) && w.logged.CompareAndSwap(last, now) {
		w.log.Info("still reading all of Harbor for the first time", "repositories", w.repositories.Load(), "answers", answers)
	}
}

// look logs, once, what the first reading found, and how many projects may not
// be read each time that there are others. What an earlier process read is neither.
func (w *harborWatch) look(status resolver.Status) {
	if now := int64(w.denied()); w.deniedThen.Swap(now) != now && now > 0 {
		w.log.Warn("Harbor lists projects that our account may not read", "projects", now,
			"error", fault.New(fault.Denied, "", "", "their images are not known").
				WithHint("give the account the right artifact: list on all projects; docs/harbor.md has its rights"))
	}
	for _, s := range status.Sources {
		if s.Users != nil && !s.LastSuccess.IsZero() && !s.Stale && w.read.CompareAndSwap(false, true) {
			w.found(s)
		}
	}
}

func (w *harborWatch) found(s resolver.SourceStatus) {
	u := s.Users
	w.log.Info("all of Harbor was read", "host", s.Name, "version", u.Version, "plan", u.Plan, "identity", u.Identity,
		"tools", u.All.Tools, "repositories", u.All.Repositories, "images", u.All.Images, "left_out", u.LeftOut)
	switch {
	case u.Slow:
		w.log.Warn("Harbor is asked with a user's password, which costs it some 25 times what a robot account does",
			"error", fault.New(fault.Usage, "", s.Name, "the account is no robot").WithHint("log in as a robot account; docs/harbor.md has its rights"))
	case u.Identity == harbor.Anonymous.String():
		w.log.Warn("Harbor is asked by nobody in particular",
			"error", fault.New(fault.Usage, "", s.Name, "private projects are not seen, and every repository takes a request of its own").
				WithHint("log in as a robot account; docs/harbor.md has its rights"))
	}
}
