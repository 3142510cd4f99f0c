package resolver_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// everywhere answers for every host.
func everywhere(l live) resolver.LiveFunc {
	return func(string) resolver.Live { return l }
}

// mistakes is a catalog with one of each kind that people make.
const mistakes = `formatVersion: "1.0"
images:
  one:
    state: stabel
    image: a.example/one
    aliases: [first]
  two:
    state: stable
    image: a.example/with space
    aliases: [first]
  three:
    state: stable
    image: a.example/three
    aliases: [one]
`

func TestMistakesAreRefusedAndMended(t *testing.T) {
	dir := newFolder(t, images(map[string]string{"one": "a.example/one"}))
	book := &logbook{}
	r := start(t, dir.origin(), everywhere(present("sha256:a")), resolver.Options{Logger: book.logger()})
	require.NoError(t, r.Refresh(t.Context()))
	good := r.Snapshot()
	book.take()

	dir.write(t, "values.yaml", mistakes)
	for range 3 {
		require.NoError(t, r.Refresh(t.Context()), "the last good one is an answer")
	}
	require.Same(t, good, r.Snapshot())
	status := r.Status()
	require.Equal(t, good.Catalog, status.Served.Chart.Catalog)
	require.NotNil(t, status.Refused)
	require.NotNil(t, status.Refused.Offer)
	var invalid *chart.InvalidError
	require.ErrorAs(t, status.Refused.Err, &invalid)
	var said []string
	for _, f := range invalid.Findings.Errors() {
		said = append(said, f.Path+" "+f.Message)
		require.NotZero(t, f.Line)
	}
	text := strings.Join(said, "\n")
	for _, wanted := range []string{"stabel", "white space", `alias "first" belongs to one already`, `alias "one" is the name of another image`} {
		require.Contains(t, text, wanted, "all mistakes at once")
	}
	lines := book.take()
	require.Len(t, lines, 1, "said once")
	require.Contains(t, lines[0], "level=ERROR msg=\"a catalog was refused; the last good one stays\"")

	dir.write(t, "values.yaml", images(map[string]string{"one": "a.example/one", "three": "a.example/three"}))
	require.NoError(t, r.Refresh(t.Context()))
	require.NotNil(t, r.Snapshot().Image("three"))
	require.Nil(t, r.Status().Refused)
	require.Same(t, good.Image("one"), r.Snapshot().Image("one"), "an unchanged record outlives its catalog")
}

func TestARefusalEndsWhenTheServedCatalogIsBack(t *testing.T) {
	good := images(map[string]string{"one": "a.example/one"})
	for name, spoil := range map[string]func(folder){
		"bad content": func(f folder) { f.write(t, "values.yaml", mistakes) },
		"unreadable":  func(f folder) { require.NoError(t, os.Remove(filepath.Join(string(f), "values.yaml"))) },
		"too large":   func(f folder) { f.write(t, "values.yaml", strings.Repeat("#", 17<<20)) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := newFolder(t, good)
			r := start(t, dir.origin(), everywhere(present("sha256:a")), resolver.Options{})
			require.NoError(t, r.Refresh(t.Context()))
			before := r.Snapshot()
			spoil(dir)
			require.NoError(t, r.Refresh(t.Context()))
			status := r.Status()
			require.True(t, status.Refused != nil || status.Sources[0].Err != nil)

			dir.write(t, "values.yaml", good)
			require.NoError(t, r.Refresh(t.Context()))
			status = r.Status()
			require.Nil(t, status.Refused)
			require.NoError(t, status.Sources[0].Err)
			require.Empty(t, status.Warnings)
			require.Same(t, before, r.Snapshot())
		})
	}
}

func TestWithoutACatalogThereIsAReason(t *testing.T) {
	t.Run("nothing there", func(t *testing.T) {
		r := start(t, resolver.FromPath(filepath.Join(t.TempDir(), "nothing")), everywhere(absent), resolver.Options{})
		err := r.Refresh(t.Context())
		require.True(t, fault.Is(err, fault.NotFound), "%v", err)
		require.Nil(t, r.Snapshot())
	})
	t.Run("invalid", func(t *testing.T) {
		r := start(t, newFolder(t, mistakes).origin(), everywhere(absent), resolver.Options{})
		var invalid *chart.InvalidError
		require.ErrorAs(t, r.Refresh(t.Context()), &invalid)
		require.Nil(t, r.Status().Served)
	})
	t.Run("closed", func(t *testing.T) {
		r := start(t, newFolder(t, two).origin(), everywhere(absent), resolver.Options{})
		r.Close()
		require.EqualError(t, r.Refresh(t.Context()), "the resolver is closed")
		require.EqualError(t, r.RefreshHosts(t.Context()), "the resolver is closed")
	})
}

func TestWhatLeavesTheCatalogVanishes(t *testing.T) {
	var asked []string
	of := func(host string) resolver.Live {
		asked = append(asked, host)
		return present("sha256:" + host)
	}
	dir := newFolder(t, two)
	r := start(t, dir.origin(), of, resolver.Options{})
	require.NoError(t, r.Refresh(t.Context()))
	require.Len(t, r.Status().Sources, 3)

	dir.write(t, "values.yaml", images(map[string]string{"one": "a.example/one"}))
	require.NoError(t, r.Refresh(t.Context()))
	require.Nil(t, r.Snapshot().Image("two"))
	status := r.Status()
	require.Len(t, status.Sources, 2, "b.example is named no more")
	require.Equal(t, "a.example", status.Sources[1].Name)

	dir.write(t, "values.yaml", two)
	require.NoError(t, r.Refresh(t.Context()))
	require.Equal(t, "present sha256:b.example", view(r.Snapshot(), "two"))
	require.ElementsMatch(t, []string{"a.example", "b.example", "b.example"}, asked, "it came back as a new source")
}

// What a host said before it left the catalog is too old to be shown when it
// comes back.
func TestAHostThatComesBackBeginsWithoutFacts(t *testing.T) {
	b := &switched{now: present("sha256:b")}
	dir := newFolder(t, two)
	r := start(t, dir.origin(), sources(map[string]live{"a.example": present("sha256:a"), "b.example": b.ask}), resolver.Options{})
	require.NoError(t, r.Refresh(t.Context()))
	dir.write(t, "values.yaml", images(map[string]string{"one": "a.example/one"}))
	require.NoError(t, r.Refresh(t.Context()))

	b.to(unreachable)
	dir.write(t, "values.yaml", two)
	require.NoError(t, r.Refresh(t.Context()))
	require.Equal(t, "unknown", view(r.Snapshot(), "two"))
}

// exchanging gives an origin whose catalog a test exchanges.
func exchanging(values string) (o origin, exchange func(string)) {
	current := make(chan string, 1)
	current <- values
	o.fetch = func(ctx context.Context, last string) (*resolver.Offer, error) {
		text := <-current
		current <- text
		return offering(text).fetch(ctx, last)
	}
	return o, func(next string) {
		<-current
		current <- next
	}
}

// An image that moves to a host that was never asked must not be of unknown
// existence for a moment: until the host has had its say the old catalog is
// served, and goes on being fresh.
func TestANewCatalogWaitsForItsHosts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from, exchange := exchanging(two)
		a := &switched{now: present("sha256:a1")}
		r := start(t, from, sources(map[string]live{
			"a.example": a.ask, "b.example": present("sha256:b"), "c.example": after(2500*time.Millisecond, present("sha256:c")),
		}), resolver.Options{Interval: interval / 10, CatalogInterval: interval, FirstWait: 3 * time.Second})
		run(t, r)
		synctest.Wait()
		all := published(r)
		first := <-all

		exchange(images(map[string]string{"one": "a.example/one", "two": "c.example/two"}))
		settle() // c.example is being asked now
		a.to(present("sha256:a2"))
		time.Sleep(interval / 5)
		synctest.Wait()
		meanwhile := <-all
		require.Same(t, first.Catalog, meanwhile.Catalog)
		require.Equal(t, "present sha256:a2", view(meanwhile, "one"), "fresh while it waits")
		require.Equal(t, "present sha256:b", view(meanwhile, "two"))
		require.Same(t, first.Catalog, r.Status().Served.Chart.Catalog, "the status says what the snapshot says")
		require.Len(t, r.Status().Sources, 4, "and shows the host that is waited for")

		settle()
		moved := <-all
		require.Equal(t, "c.example", moved.Image("two").Reference.Host)
		require.Equal(t, "present sha256:c", view(moved, "two"), "known from its first answer on")
		require.Same(t, meanwhile.Image("one"), moved.Image("one"))
		require.Empty(t, all, "and nothing in between")
		require.Len(t, r.Status().Sources, 3)
	})
}

func TestANewCatalogWaitsForABoundedTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from, exchange := exchanging(two)
		r := start(t, from, sources(map[string]live{
			"a.example": present("sha256:a"), "b.example": present("sha256:b"), "c.example": stalled,
		}), resolver.Options{Interval: interval, FirstWait: 3 * time.Second})
		run(t, r)
		synctest.Wait()
		exchange(images(map[string]string{"one": "a.example/one", "three": "c.example/three"}))
		settle()
		require.NotNil(t, r.Snapshot().Image("two"), "not yet")
		time.Sleep(3 * time.Second)
		synctest.Wait()
		require.Equal(t, "present sha256:a", view(r.Snapshot(), "one"))
		require.Equal(t, "unknown", view(r.Snapshot(), "three"))
		require.Equal(t, "none", view(r.Snapshot(), "two"))
		require.Equal(t, []string{"c.example has not answered yet: it is not known which of its images exist"}, texts(r.Snapshot()))
	})
}

// A catalog that asks nothing new waits for nobody, not even for a host that
// stalls.
func TestANewCatalogWithoutNewQuestionsIsServedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from, exchange := exchanging(two)
		b := &switched{now: present("sha256:b")}
		r := start(t, from, sources(map[string]live{"a.example": present("sha256:a"), "b.example": b.ask}),
			resolver.Options{Interval: interval, CatalogInterval: time.Hour})
		run(t, r)
		synctest.Wait()
		b.to(stalled)
		settle()
		exchange(two + "    description: a sentence\n")
		ctx, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
		defer cancel()
		require.ErrorIs(t, r.Refresh(ctx), context.DeadlineExceeded, "the host stalls")
		require.Equal(t, "a sentence", r.Snapshot().Image("two").Description)
		require.Equal(t, "present sha256:b", view(r.Snapshot(), "two"))
	})
}

// A new image at a host that is followed already is asked about at once, not
// when the host's pause is over.
func TestNewQuestionsEndAPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from, exchange := exchanging(images(map[string]string{"one": "a.example/one"}))
		r := start(t, from, everywhere(present("sha256:a")), resolver.Options{Interval: time.Hour, CatalogInterval: interval})
		run(t, r)
		synctest.Wait()
		exchange(two)
		settle()
		require.Equal(t, "present sha256:a", view(r.Snapshot(), "two"))
	})
}

func TestACatalogThatIsTakenBackWhileItWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from, exchange := exchanging(two)
		r := start(t, from, sources(map[string]live{
			"a.example": present("sha256:a"), "b.example": present("sha256:b"), "c.example": stalled,
		}), resolver.Options{Interval: interval, FirstWait: time.Minute})
		run(t, r)
		synctest.Wait()
		before := r.Snapshot()
		exchange(images(map[string]string{"one": "c.example/one"}))
		settle()
		require.Len(t, r.Status().Sources, 4)
		exchange(two)
		time.Sleep(time.Hour)
		synctest.Wait()
		require.Same(t, before, r.Snapshot())
		require.Len(t, r.Status().Sources, 3)
	})
}

// An answer that was asked for by an older catalog's questions says nothing
// about newer ones, and loses nothing either.
func TestACatalogChangesDuringARound(t *testing.T) {
	dir := newFolder(t, images(map[string]string{"one": "a.example/one"}))
	begun, finish := make(chan []fact.Reference), make(chan fact.Report)
	a := live(func(_ context.Context, refs []fact.Reference) fact.Report {
		begun <- refs
		return <-finish
	})
	r := start(t, dir.origin(), everywhere(a), resolver.Options{FirstWait: time.Hour})
	all := published(r)
	first, second := make(chan error, 1), make(chan error, 1)
	go func() { first <- r.Refresh(t.Context()) }()
	<-begun
	dir.write(t, "values.yaml", images(map[string]string{"one": "a.example/one", "two": "a.example/two"}))
	go func() { second <- r.Refresh(t.Context()) }()
	require.Eventually(t, func() bool { return r.Status().Sources[1].References == 2 }, 10*time.Second, time.Millisecond)

	one := []fact.Reference{{Host: "a.example", Repository: "one", Tag: "latest"}}
	finish <- present("sha256:1")(t.Context(), one)
	require.NoError(t, failing(<-first, r)) // too early for a snapshot: the newer catalog waits
	refs := <-begun
	require.Len(t, refs, 2)
	finish <- present("sha256:2")(t.Context(), refs)
	require.NoError(t, <-second)
	s := <-all
	require.Equal(t, "present sha256:2", view(s, "one"))
	require.Equal(t, "present sha256:2", view(s, "two"))
	require.Empty(t, all)
}

// failing passes the error of a refresh that ended before there was a snapshot.
func failing(err error, r *resolver.Resolver) error {
	if r.Snapshot() == nil {
		return nil
	}
	return err
}

func TestAnOriginThatIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		book, down := &logbook{}, fault.New(fault.Unreachable, "resolve chart", "oci://origin.example/image-config", "connection refused")
		var failing atomic.Pointer[fault.Error]
		catalog := offering(two)
		from := origin{fetch: func(ctx context.Context, last string) (*resolver.Offer, error) {
			if err := failing.Load(); err != nil {
				return nil, err
			}
			return catalog.fetch(ctx, last)
		}}
		r := start(t, from, everywhere(present("sha256:a")), resolver.Options{Logger: book.logger(), CatalogInterval: interval})
		run(t, r)
		synctest.Wait()
		before := r.Snapshot()
		book.take()

		failing.Store(down)
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Same(t, before, r.Snapshot())
		status := r.Status()
		require.True(t, status.Sources[0].Stale)
		require.Len(t, status.Warnings, 1)
		require.Contains(t, status.Warnings[0], "the catalog's origin cannot be asked")
		require.Len(t, book.take(), 1)

		failing.Store(nil)
		time.Sleep(time.Minute)
		synctest.Wait()
		require.False(t, r.Status().Sources[0].Stale)
		require.Equal(t, []string{`level=INFO msg="the catalog's origin answers again" origin=oci://origin.example/image-config`}, book.take())
	})
}

// The registry of the catalog asks to be left alone.
func TestRetryAfterOfTheOriginIsHonoured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var looks atomic.Int32
		busy := &fault.Error{Kind: fault.RateLimited, Op: "resolve chart", RetryAfter: 20 * time.Second}
		from := origin{fetch: func(ctx context.Context, last string) (*resolver.Offer, error) {
			if looks.Add(1) == 1 {
				return nil, busy
			}
			return offering(lone).fetch(ctx, last)
		}}
		r := start(t, from, everywhere(present("sha256:a")), resolver.Options{Interval: interval})
		require.ErrorIs(t, r.Refresh(t.Context()), busy)
		run(t, r)
		time.Sleep(20*time.Second - time.Nanosecond)
		require.ErrorIs(t, r.Refresh(t.Context()), busy, "it is not asked, and the reason is still the same")
		require.EqualValues(t, 1, looks.Load())
		time.Sleep(interval)
		synctest.Wait()
		require.NotNil(t, r.Snapshot())
	})
}
