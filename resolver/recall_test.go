package resolver_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/artifact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	harborapi "gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbor"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/store"
)

// machine is a disk on which one process after the other runs.
type machine struct {
	shelf *shelf
	dir   string
	sel   artifact.Selection
	trust resolver.Trust
	live  resolver.LiveFunc
	opts  resolver.Options
	logs  *logbook
	// users makes the source of user-built images of a process; nil for none.
	users func() resolver.Users
}

// hostsUp answers for the hosts of the catalogs of these tests.
var hostsUp = sources(map[string]live{"a.example": present("sha256:a"), "b.example": present("sha256:b")})

// allDown answers for none.
func allDown(string) resolver.Live { return live(unreachable) }

// allSilent keep everybody waiting.
func allSilent(string) resolver.Live { return live(stalled) }

func newMachine(t testing.TB, sel artifact.Selection) *machine {
	return &machine{shelf: newShelf(t), dir: filepath.Join(t.TempDir(), "state"), sel: sel, live: hostsUp, logs: &logbook{}}
}

// boot starts a process; stop ends it.
func (m *machine) boot(t testing.TB) (r *resolver.Resolver, stop func()) {
	t.Helper()
	disk, err := store.Open(m.dir, 0)
	require.NoError(t, err)
	opts := m.opts
	opts.State, opts.Logger = disk, m.logs.logger()
	if m.users != nil {
		opts.Users = m.users()
	}
	r = start(t, resolver.FromRepository(m.shelf.client, chartRef, m.sel, m.trust), m.live, opts)
	return r, func() {
		r.Close()
		require.NoError(t, disk.Close())
	}
}

// life is a process that asks everybody once, and ends as SIGTERM would end it.
func (m *machine) life(t testing.TB, during func(*resolver.Resolver)) {
	t.Helper()
	r, stop := m.boot(t)
	require.NoError(t, r.Refresh(t.Context()))
	during(r)
	endOf(t, r)
	stop()
}

// endOf runs what a resolver does at its end: it writes its state, once.
func endOf(t testing.TB, r *resolver.Resolver) {
	t.Helper()
	r.Close()
	require.NoError(t, r.Run(t.Context()))
}

func served(t testing.TB, r *resolver.Resolver) *resolver.Served {
	t.Helper()
	s := r.Status().Served
	require.NotNil(t, s)
	return s
}

// down takes every registry away; up brings the catalog's and hosts back.
func (m *machine) down() {
	m.shelf.Hook(func(w http.ResponseWriter, _ *http.Request, _ http.Handler) bool {
		http.Error(w, "down", http.StatusServiceUnavailable)
		return true
	})
	m.live = allDown
}

func (m *machine) up() {
	m.shelf.Hook(nil)
	m.live = hostsUp
}

var exactly = artifact.Selection{Version: "1.0.0"}

// With every registry down a process serves what the one before it served, at
// once, says that it is stale and how old, and goes on when they are back.
func TestARestartWithEverythingDown(t *testing.T) {
	m := newMachine(t, exactly)
	digest := m.shelf.publish(t, "1.0.0", two)
	now := time.Now()
	m.opts.Now = func() time.Time { return now }
	m.life(t, func(r *resolver.Resolver) { require.Equal(t, "present sha256:a", view(r.Snapshot(), "one")) })
	saved := now

	now = now.Add(time.Hour)
	m.down()
	m.logs.take()
	r, stop := m.boot(t)
	defer stop()
	s := r.Snapshot()
	require.NotNil(t, s, "before anybody was asked")
	require.Equal(t, "present sha256:a stale", view(s, "one"))
	require.Equal(t, "present sha256:b stale", view(s, "two"))
	require.Equal(t, []string{
		"a.example has not answered since this process began: its images are as it last answered",
		"b.example has not answered since this process began: its images are as it last answered",
	}, texts(s))
	require.Equal(t, digest, served(t, r).Offer.Digest)
	require.WithinDuration(t, saved, served(t, r).Recalled, time.Millisecond)
	require.Equal(t, []string{`level=WARN msg="the last good state is served from disk, marked stale, until the sources answer" version=1.0.0 digest=` + digest + " age=1h0m0s"}, m.logs.take())
	status := r.Status()
	require.Equal(t, []string{"the catalog's origin has not answered since this process began: version 1.0.0 is served from disk"}, status.Warnings)
	for _, source := range status.Sources {
		require.True(t, source.Stale, source.Name)
		require.WithinDuration(t, saved, source.LastSuccess, time.Millisecond, source.Name)
		require.Zero(t, source.LastAttempt, source.Name)
	}

	require.NoError(t, r.Refresh(t.Context()))
	require.Equal(t, "present sha256:a stale", view(r.Snapshot(), "one"))
	require.Contains(t, texts(r.Snapshot()), "a.example cannot be asked now: its images are as it last answered")
	require.Equal(t, []string{"the catalog's origin cannot be asked: version 1.0.0 stays served"}, r.Status().Warnings)
	stop()

	m.up()
	m.life(t, func(r *resolver.Resolver) {
		require.Equal(t, "present sha256:a", view(r.Snapshot(), "one"))
		require.Empty(t, texts(r.Snapshot()))
		require.Empty(t, r.Status().Warnings)
	})
}

// Where the origin holds what is on disk, a restart costs no pull.
func TestARestartPullsNothingThatIsOnDisk(t *testing.T) {
	m := newMachine(t, exactly)
	m.shelf.publish(t, "1.0.0", two)
	m.life(t, func(*resolver.Resolver) {})
	m.shelf.Forget()
	m.life(t, func(r *resolver.Resolver) { require.Empty(t, r.Status().Warnings) })
	require.Len(t, m.shelf.Requests(), 1)
	require.Equal(t, http.MethodHead, m.shelf.Requests()[0].Method)
}

// What is served next is what the operator asks for now, not what was asked for
// when it was kept.
func TestWhatIsOnDiskIsServedOnlyIfItIsAskedFor(t *testing.T) {
	m := newMachine(t, exactly)
	first := m.shelf.publish(t, "1.0.0", two)
	second := m.shelf.publish(t, "1.1.0", two)
	m.shelf.retag(t, "1.0.0", "stable")
	any := artifact.Selection{Constraint: ">=1"}
	stable := artifact.Selection{Version: "stable"}
	for name, one := range map[string]struct {
		then, now artifact.Selection
		serves    string
	}{
		"the same version":        {exactly, exactly, "1.0.0"},
		"another version":         {exactly, artifact.Selection{Version: "1.1.0"}, ""},
		"its digest":              {exactly, artifact.Selection{Digest: first}, "1.0.0"},
		"another digest":          {exactly, artifact.Selection{Digest: second}, ""},
		"a digest, then its name": {artifact.Selection{Digest: first}, exactly, "1.0.0"},
		"the same range":          {any, any, "1.1.0"},
		"a range that admits it":  {any, artifact.Selection{Constraint: ">=1.1"}, "1.1.0"},
		"a range that does not":   {any, artifact.Selection{Constraint: "<1.1"}, ""},
		"a version of the range":  {any, artifact.Selection{Version: "1.1.0"}, "1.1.0"},
		"the same tag":            {stable, stable, "1.0.0"},
		"another tag":             {stable, artifact.Selection{Version: "newest"}, ""},
		"a tag after a version":   {exactly, stable, ""},
	} {
		t.Run(name, func(t *testing.T) {
			m := *m
			m.dir, m.sel = t.TempDir(), one.then
			m.life(t, func(*resolver.Resolver) {})
			m.sel = one.now
			m.logs.take()
			r, stop := m.boot(t)
			defer stop()
			if one.serves == "" {
				require.Nil(t, r.Snapshot())
				require.Contains(t, strings.Join(m.logs.take(), "\n"), "another version is asked for now")
				return
			}
			require.Equal(t, one.serves, served(t, r).Chart.Metadata.Version)
		})
	}
}

// The catalog of another repository is not served in place of this one's.
func TestTheCatalogOfAnotherRepository(t *testing.T) {
	m := newMachine(t, exactly)
	m.shelf.publish(t, "1.0.0", two)
	m.life(t, func(*resolver.Resolver) {})
	disk, err := store.Open(m.dir, 0)
	require.NoError(t, err)
	defer func() { require.NoError(t, disk.Close()) }()
	other := artifact.Reference{Host: chartRef.Host, Path: "other/image-config"}
	r := start(t, resolver.FromRepository(m.shelf.client, other, exactly, resolver.Trust{}), hostsUp, resolver.Options{State: disk})
	require.Nil(t, r.Snapshot())
}

// A chart on disk has to pass what a fresh one has to: the keys that count now,
// and the rules of this version.
func TestWhatIsOnDiskIsJudgedAnew(t *testing.T) {
	key, ring := signer(t, "alice")
	_, others := signer(t, "bob")
	m := newMachine(t, exactly)
	m.shelf.checking(t)
	m.shelf.publishSigned(t, key, "1.0.0", two, two)
	m.trust = resolver.Trust{Ring: ring, Required: true}
	m.life(t, func(r *resolver.Resolver) { require.NotNil(t, served(t, r).Offer.Signature.By) })

	r, stop := m.boot(t)
	require.Equal(t, "alice <alice@example.org>", served(t, r).Offer.Signature.By.Identity, "checked again")
	stop()

	m.trust = resolver.Trust{Ring: others, Required: true}
	m.logs.take()
	r, stop = m.boot(t)
	defer stop()
	require.Nil(t, r.Snapshot())
	require.Contains(t, strings.Join(m.logs.take(), "\n"), "no key of the keyring vouches for it")
}

// A chart that was kept when nobody looked at signatures has no signature on disk:
// it is fetched anew before it is believed.
func TestAChartThatWasKeptWithoutItsSignature(t *testing.T) {
	key, ring := signer(t, "alice")
	m := newMachine(t, exactly)
	m.shelf.publishSigned(t, key, "1.0.0", two, two)
	m.life(t, func(*resolver.Resolver) {})
	m.shelf.checking(t)
	m.trust = resolver.Trust{Ring: ring}
	r, stop := m.boot(t)
	defer stop()
	require.Nil(t, r.Snapshot())
	require.NoError(t, r.Refresh(t.Context()))
	require.NotNil(t, served(t, r).Offer.Signature.By)
}

// Under a range or a moving tag a restart does not go backwards, nor to a
// catalog that lost its names, nor to other content under the same version.
func TestARestartDoesNotGoBackwards(t *testing.T) {
	m := newMachine(t, artifact.Selection{Version: "stable"})
	m.shelf.publish(t, "1.0.0", four)
	m.shelf.publish(t, "1.1.0", five)
	m.shelf.publish(t, "1.2.0", lone)
	m.shelf.retag(t, "1.1.0", "stable")
	m.life(t, func(r *resolver.Resolver) { require.Equal(t, "1.1.0", served(t, r).Chart.Metadata.Version) })
	for _, worse := range []string{"1.0.0", "1.2.0"} {
		m.shelf.retag(t, worse, "stable")
		m.life(t, func(r *resolver.Resolver) {
			require.Equal(t, "1.1.0", served(t, r).Chart.Metadata.Version)
			require.True(t, fault.Is(r.Status().Refused.Err, fault.Refused))
		})
	}
	m.shelf.retag(t, "1.1.0", "stable")
	m.life(t, func(r *resolver.Resolver) { require.Nil(t, r.Status().Refused) })
}

// A version whose content changed while nobody ran is refused as tampered.
func TestARestartSeesThatAVersionChanged(t *testing.T) {
	m := newMachine(t, exactly)
	first := m.shelf.publish(t, "1.0.0", four)
	m.life(t, func(*resolver.Resolver) {})
	m.shelf.withdraw(t, "1.0.0")
	m.shelf.publish(t, "1.0.0", five)
	m.life(t, func(r *resolver.Resolver) {
		require.Equal(t, first, served(t, r).Offer.Digest)
		require.True(t, fault.Is(r.Status().Refused.Err, fault.Tampered))
	})
}

// An operator allows one refused digest; it is taken once, and that is remembered
// across restarts although the setting stays.
func TestAnAllowedDigestIsTakenOnce(t *testing.T) {
	m := newMachine(t, artifact.Selection{Version: "stable"})
	older := m.shelf.publish(t, "1.0.0", four)
	m.shelf.publish(t, "1.1.0", five)
	m.shelf.retag(t, "1.1.0", "stable")
	version := func(r *resolver.Resolver) string { return served(t, r).Chart.Metadata.Version }
	m.life(t, func(r *resolver.Resolver) { require.Equal(t, "1.1.0", version(r)) })

	m.shelf.retag(t, "1.0.0", "stable")
	m.opts.Allow = []string{"sha256:" + strings.Repeat("0", 64)}
	m.life(t, func(r *resolver.Resolver) { require.Equal(t, "1.1.0", version(r), "another digest was allowed") })
	m.opts.Allow = []string{older}
	m.logs.take()
	m.life(t, func(r *resolver.Resolver) {
		require.Equal(t, "1.0.0", version(r))
		require.Nil(t, r.Status().Refused)
	})
	require.Contains(t, strings.Join(m.logs.take(), "\n"), "because its digest was allowed; it is not allowed again\" digest="+older)

	m.shelf.retag(t, "1.1.0", "stable")
	m.life(t, func(r *resolver.Resolver) { require.Equal(t, "1.1.0", version(r)) })
	m.shelf.retag(t, "1.0.0", "stable")
	m.life(t, func(r *resolver.Resolver) {
		require.Equal(t, "1.1.0", version(r), "once")
		require.True(t, fault.Is(r.Status().Refused.Err, fault.Refused))
	})
}

// Nobody can allow a chart that no key vouches for, or that is no catalog.
func TestWhatCannotBeAllowed(t *testing.T) {
	key, _ := signer(t, "mallory")
	_, ring := signer(t, "alice")
	m := newMachine(t, exactly)
	m.shelf.checking(t)
	m.trust = resolver.Trust{Ring: ring, Required: true}
	m.shelf.publishSigned(t, key, "1.0.0", two, two)
	r := start(t, resolver.FromRepository(m.shelf.client, chartRef, exactly, m.trust), hostsUp, resolver.Options{})
	require.Error(t, r.Refresh(t.Context()))
	digest := r.Status().Refused.Offer.Digest
	r = start(t, resolver.FromRepository(m.shelf.client, chartRef, exactly, m.trust), hostsUp, resolver.Options{Allow: []string{digest}})
	require.Error(t, r.Refresh(t.Context()))
}

// Damage is said, with advice, and the state before takes over, which has the same
// catalog; without one it begins as if there had never been any.
func TestARestartWithADamagedDisk(t *testing.T) {
	m := newMachine(t, artifact.Selection{Constraint: ">=1"})
	m.shelf.publish(t, "1.0.0", four)
	m.life(t, func(*resolver.Resolver) {})
	m.shelf.publish(t, "1.1.0", five)
	m.life(t, func(*resolver.Resolver) {})
	m.down()
	generations, err := filepath.Glob(filepath.Join(m.dir, "generation-*"))
	require.NoError(t, err)
	require.Len(t, generations, 2)
	require.NoError(t, os.Truncate(generations[1], 100))
	newest := filepath.Base(generations[1])
	m.logs.take()
	r, stop := m.boot(t)
	require.Equal(t, "1.1.0", served(t, r).Chart.Metadata.Version)
	require.Equal(t, `level=ERROR msg="a generation of the last good state cannot be used and was passed over" file=`+newest+
		` error="read state: `+newest+`: it is not what was written: it ends within field 2" `+
		`advice="it is written anew once the sources answer; if it happens again, look at the disk"`, m.logs.take()[0])
	stop()
	require.NoError(t, os.Truncate(generations[0], 100))
	r, stop = m.boot(t)
	require.Nil(t, r.Snapshot())
	require.Contains(t, strings.Join(m.logs.take(), "\n"), "no last good state is left")
	stop()
	m.up()
	m.life(t, func(r *resolver.Resolver) { require.Equal(t, "1.1.0", served(t, r).Chart.Metadata.Version) })
	m.down()
	r, stop = m.boot(t)
	defer stop()
	require.Equal(t, "1.1.0", served(t, r).Chart.Metadata.Version)
}

// A host that lost most of what an earlier process saw is doubted like any other.
func TestARestartBeforeAHostThatLostEverything(t *testing.T) {
	m := newMachine(t, exactly)
	m.shelf.publish(t, "1.0.0", four)
	m.life(t, func(*resolver.Resolver) {})
	m.live = sources(map[string]live{"a.example": absent})
	m.life(t, func(r *resolver.Resolver) {
		require.Equal(t, "present sha256:a stale", view(r.Snapshot(), "a"))
	})

	// However often it restarts, it knows since when: all goes on with the disk.
	now := time.Now().Add(20 * time.Second)
	m.opts.Now = func() time.Time { return now }
	m.life(t, func(r *resolver.Resolver) {
		require.Equal(t, "present sha256:a stale", view(r.Snapshot(), "a"))
	})
	now = now.Add(time.Minute)
	m.life(t, func(r *resolver.Resolver) {
		require.Equal(t, "absent", view(r.Snapshot(), "a"))
		require.Empty(t, texts(r.Snapshot()))
	})
}

// An operator who knows that the images were deleted allows exactly that loss, by
// the digest that the refusal names, once.
func TestAnAllowedLossIsBelievedOnce(t *testing.T) {
	m := newMachine(t, exactly)
	m.shelf.publish(t, "1.0.0", four)
	m.life(t, func(*resolver.Resolver) {})
	m.live = sources(map[string]live{"a.example": absent})
	m.life(t, func(r *resolver.Resolver) {
		said := r.Status().Sources[1].Err
		require.True(t, fault.Is(said, fault.Refused))
		m.opts.Allow = regexp.MustCompile("sha256:[0-9a-f]{64}").FindAllString(said.Error(), 1)
	})
	require.Len(t, m.opts.Allow, 1)
	m.logs.take()
	m.life(t, func(r *resolver.Resolver) { require.Equal(t, "absent", view(r.Snapshot(), "a")) })
	require.Contains(t, strings.Join(m.logs.take(), "\n"), "because the digest of the loss was allowed; it is not allowed again\" digest="+m.opts.Allow[0])

	m.live = hostsUp
	m.life(t, func(r *resolver.Resolver) { require.Equal(t, "present sha256:a", view(r.Snapshot(), "a")) })
	m.live = sources(map[string]live{"a.example": absent})
	m.life(t, func(r *resolver.Resolver) {
		require.Equal(t, "present sha256:a stale", view(r.Snapshot(), "a"), "once")
	})
}

// Facts outlive a catalog that is on this machine, and needs no copy of itself.
func TestFactsOfACatalogOnThisMachine(t *testing.T) {
	dir, at := newFolder(t, two), t.TempDir()
	life := func(of resolver.LiveFunc) *snapshot.Snapshot {
		disk, err := store.Open(at, 0)
		require.NoError(t, err)
		r := resolver.New(dir.origin(), of, resolver.Options{State: disk, FirstWait: time.Hour})
		all := published(r)
		ended := make(chan error, 1)
		go func() { ended <- r.Run(t.Context()) }()
		first := <-all // although a host may never answer
		r.Close()
		require.NoError(t, <-ended)
		require.NoError(t, disk.Close())
		return first
	}
	life(hostsUp)
	for range 2 { // what is stale is kept on
		require.Equal(t, "present sha256:a stale", view(life(allSilent), "one"))
	}
}

// What users built is served from disk too, what is private to its tool alone.
func TestARestartWithUserBuiltImages(t *testing.T) {
	m := newMachine(t, exactly)
	m.shelf.publish(t, "1.0.0", two)
	h, _ := harborOf(t, inventory.Options{})
	h.AddProject("tool-secret", harbortest.Private)
	digest := pushed(t, h, "tool-secret/web:latest")
	who := h.AddRobot("another", "right", harbortest.ReaderPermissions()...)
	m.users = func() resolver.Users {
		d, err := endpoint.New(map[string]endpoint.Config{harborHost: {URL: h.URL, Kind: endpoint.Harbor}}, endpoint.Options{
			Credentials: func(context.Context, string) (endpoint.Credential, error) {
				return endpoint.Credential{Username: who, Password: "right"}, nil
			},
		})
		require.NoError(t, err)
		t.Cleanup(d.CloseIdle)
		return inventory.New(harborHost, harborapi.New(d.For(harborHost), harborapi.Options{}), inventory.Options{})
	}
	m.life(t, func(r *resolver.Resolver) { require.Equal(t, digest, found(r.Snapshot(), "tool-secret/web:latest")) })

	h.CoreDown(true)
	m.down()
	r, stop := m.boot(t)
	s := r.Snapshot()
	require.Contains(t, texts(s), harborHost+" has not answered since this process began: images that tools built are as it last answered")
	for range 2 {
		image := s.FindBuilt("tool-secret/web:latest")
		require.Equal(t, digest, image.Digest)
		require.True(t, image.Stale)
		require.True(t, image.Built.Private)
		require.False(t, s.FindBuilt("tool-a/web:latest").Built.Private)
		require.NoError(t, r.Refresh(t.Context()))
		s = r.Snapshot()
	}
	require.Contains(t, texts(s), harborHost+" cannot be asked now: images that tools built are as it last answered")
	users := r.Status().Sources[len(r.Status().Sources)-1]
	require.True(t, users.Stale)
	require.Equal(t, 2, users.Users.All.Tools)
	stop()

	h.CoreDown(false)
	m.up()
	m.life(t, func(r *resolver.Resolver) {
		require.Empty(t, texts(r.Snapshot()))
		image := r.Snapshot().FindBuilt("tool-secret/web:latest")
		require.False(t, image.Stale)
		require.True(t, image.Built.Private)
	})
}

// What changes is written while the process runs, some time apart; what does not,
// now and then, so that its age on disk is nearly true.
func TestTheStateIsWrittenAsItChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk, err := store.Open(t.TempDir(), 0)
		require.NoError(t, err)
		defer func() { require.NoError(t, disk.Close()) }()
		host := &switched{now: present("sha256:a")}
		r := resolver.New(offering(four), everywhere(host.ask), resolver.Options{State: disk})
		stop := run(t, r)
		written := func() time.Time { return r.Status().Kept.LastSuccess }
		time.Sleep(5 * time.Second)
		first := written()
		require.False(t, first.IsZero(), "the first is written at once")
		require.Positive(t, r.Status().Kept.Bytes)

		host.to(present("sha256:b"))
		time.Sleep(5 * time.Second)
		require.Equal(t, first, written(), "not so soon after the last")
		time.Sleep(25 * time.Second)
		second := written()
		require.Equal(t, 30*time.Second, second.Sub(first))
		time.Sleep(5 * time.Minute)
		require.Equal(t, second, written(), "nothing changed")
		time.Sleep(6 * time.Minute)
		require.InDelta(t, 10*time.Minute, written().Sub(second), float64(time.Minute))

		last := time.Now()
		time.Sleep(time.Second)
		stop()
		require.True(t, written().After(last), "and at the end")
	})
}

// What readers have seen of a catalog no crash takes back, however soon it comes:
// the catalog is on disk before it is served.
func TestACatalogOutlivesACrash(t *testing.T) {
	m := newMachine(t, artifact.Selection{Constraint: ">=1"})
	m.shelf.publish(t, "1.0.0", four)
	m.life(t, func(*resolver.Resolver) {})
	m.shelf.publish(t, "1.1.0", five)
	r, crash := m.boot(t)
	require.NoError(t, r.Refresh(t.Context()))
	require.Equal(t, "1.1.0", served(t, r).Chart.Metadata.Version)
	crash() // it never ran to its end

	m.shelf.withdraw(t, "1.1.0")
	m.life(t, func(r *resolver.Resolver) {
		require.Equal(t, "1.1.0", served(t, r).Chart.Metadata.Version)
		require.NotNil(t, r.Snapshot().Image("e"))
		require.True(t, fault.Is(r.Status().Refused.Err, fault.Refused), "what is older is refused")
	})
}

// That a project turned private is on disk soon, however long other things wait: a
// crash must not show it once more.
func TestWhatTurnedPrivateIsWrittenAtOnce(t *testing.T) {
	disk, err := store.Open(t.TempDir(), 0)
	require.NoError(t, err)
	defer func() { require.NoError(t, disk.Close()) }()
	h, built := harborOf(t, inventory.Options{ProofEvery: time.Millisecond})
	r := resolver.New(offering(two), hostsUp, resolver.Options{State: disk, StateInterval: time.Hour, Interval: time.Millisecond, Users: built})
	stop := run(t, r)
	written := func() time.Time { return r.Status().Kept.LastSuccess }
	require.Eventually(t, func() bool { return !written().IsZero() }, 10*time.Second, time.Millisecond)
	first := written()
	pushed(t, h, "tool-a/web:v2")
	require.Eventually(t, func() bool { return found(r.Snapshot(), "tool-a/web:v2") != "" }, 10*time.Second, time.Millisecond)
	require.Equal(t, first, written(), "a push waits")
	require.NoError(t, h.SetVisibility("tool-a", harbortest.Private))
	require.Eventually(t, func() bool { return written().After(first) }, 10*time.Second, time.Millisecond)
	require.True(t, r.Snapshot().Users.View.Private("tool-a"))
	stop()
}

// That a catalog was allowed is used up with it, crash or not.
func TestAnAllowedCatalogOutlivesACrash(t *testing.T) {
	m := newMachine(t, artifact.Selection{Constraint: ">=1"})
	older := m.shelf.publish(t, "1.0.0", four)
	m.shelf.publish(t, "1.1.0", five)
	m.life(t, func(*resolver.Resolver) {})
	m.shelf.withdraw(t, "1.1.0")
	m.opts.Allow = []string{older}
	r, crash := m.boot(t)
	require.NoError(t, r.Refresh(t.Context()))
	require.Equal(t, "1.0.0", served(t, r).Chart.Metadata.Version)
	crash()
	m.shelf.publish(t, "1.2.0", five)
	m.life(t, func(*resolver.Resolver) {})
	m.shelf.withdraw(t, "1.2.0")
	m.life(t, func(r *resolver.Resolver) { require.Equal(t, "1.2.0", served(t, r).Chart.Metadata.Version) })
}

// A catalog that takes the place of one that is being written waits no longer than
// that one would have.
func TestCatalogsOneAfterTheOtherWhileAHostIsSilent(t *testing.T) {
	m := newMachine(t, artifact.Selection{Constraint: ">=1"})
	m.live, m.opts.FirstWait = allSilent, 10*time.Millisecond
	m.opts.Interval, m.opts.CatalogInterval = time.Millisecond, time.Millisecond
	m.shelf.publish(t, "1.0.0", four)
	r, stop := m.boot(t)
	ended := make(chan error, 1)
	go func() { ended <- r.Run(t.Context()) }()
	for n := 1; n < 30; n++ {
		m.shelf.publish(t, fmt.Sprintf("1.%d.0", n), []string{four, five}[n%2])
	}
	require.Eventually(t, func() bool {
		s := r.Status().Served
		return s != nil && s.Chart.Metadata.Version == "1.29.0"
	}, 10*time.Second, time.Millisecond)
	r.Close()
	require.NoError(t, <-ended)
	stop()
}

// A disk that does not take the state is said once; what is there stays, and it is
// tried again.
func TestADiskThatTakesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk, err := store.Open(t.TempDir(), 10)
		require.NoError(t, err)
		defer func() { require.NoError(t, disk.Close()) }()
		logs := &logbook{}
		r := resolver.New(offering(four), everywhere(present("sha256:a")), resolver.Options{State: disk, Logger: logs.logger()})
		stop := run(t, r)
		time.Sleep(5 * time.Second)
		kept := r.Status().Kept
		require.True(t, fault.Is(kept.Err, fault.TooLarge))
		require.Zero(t, kept.LastSuccess)
		time.Sleep(time.Minute)
		require.True(t, r.Status().Kept.LastAttempt.After(kept.LastAttempt))
		stop()
		said := 0
		for _, line := range logs.take() {
			if strings.Contains(line, "the last good state cannot be written") {
				said++
			}
		}
		require.Equal(t, 1, said)
	})
}

// Nothing to serve is nothing to keep: what is on disk is better.
func TestNothingIsNotKept(t *testing.T) {
	m := newMachine(t, exactly)
	m.shelf.publish(t, "1.0.0", two)
	m.life(t, func(*resolver.Resolver) {})
	m.sel = artifact.Selection{Version: "9.9.9"}
	r, stop := m.boot(t)
	endOf(t, r)
	stop()
	m.sel = exactly
	m.down()
	r, stop = m.boot(t)
	defer stop()
	require.Equal(t, "1.0.0", served(t, r).Chart.Metadata.Version)
}
