package harbor_test

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbor"
)

// shelf is repositories that a test changes between two pages.
type shelf struct {
	mu     sync.Mutex
	ids    []int
	before func(s *shelf, page int) // under mu, before a page is cut
	// between is called under mu when the rows were counted, and before the page is cut.
	between func(s *shelf, page int)
}

func newShelf(n int) *shelf {
	s := new(shelf)
	for id := range n {
		s.ids = append(s.ids, id+1)
	}
	return s
}

func (s *shelf) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	number, _ := strconv.Atoi(r.URL.Query().Get("page"))
	if s.before != nil {
		s.before(s, number)
	}
	total := len(s.ids)
	if s.between != nil {
		s.between(s, number)
	}
	from := min((number-1)*harbor.PageSize, len(s.ids))
	to := min(from+harbor.PageSize, len(s.ids))
	var rows []string
	for _, id := range s.ids[from:to] {
		rows = append(rows, fmt.Sprintf(`{"id":%d,"name":"tool-x/r%d","update_time":"2026-11-23T05:24:40.769Z"}`, id, id))
	}
	w.Header().Set("Link", `</api/v2.0/repositories?page=2&page_size=-1>; rel="next"`) // endless, and not looked at
	answers(200, strconv.Itoa(total), "["+strings.Join(rows, ",")+"]")(w, r)
}

func ids(list []harbor.Repository) (out []int64) {
	for _, r := range list {
		out = append(out, r.ID)
	}
	return out
}

func TestAllPagesOnce(t *testing.T) {
	for _, n := range []int{0, 1, 99, 100, 101, 200, 1234, 200_100} { // of more than 2,000 pages too
		s := serve(t, newShelf(n).serve)
		c := client(t, s.URL, none, harbor.Options{})
		list, err := c.AllRepositories(context.Background())
		require.NoError(t, err)
		require.Len(t, list, n)
		inOrder := slices.IsSortedFunc(list, func(a, b harbor.Repository) int { return cmp.Compare(a.ID, b.ID) })
		require.True(t, inOrder && (n == 0 || list[0].ID == 1 && list[n-1].ID == int64(n)), "in order")
		require.Len(t, s.requests(), max(1, (n+99)/100))
	}
}

// What is created or deleted between two pages hides nothing that is there all the
// time.
func TestRepositoriesChangeBetweenPages(t *testing.T) {
	created := func(s *shelf, page int) {
		if page == 3 && len(s.ids) == 300 {
			s.ids = append(s.ids, 301)
		}
	}
	deleted := func(s *shelf, page int) {
		if page == 3 && len(s.ids) == 300 {
			s.ids = s.ids[1:]
		}
	}
	always := func(s *shelf, page int) {
		if page > 1 {
			s.ids = s.ids[1:]
		}
	}
	many := func(s *shelf, page int) {
		if page == 3 && len(s.ids) == 300 {
			s.ids = s.ids[150:]
		}
	}
	public := func(s *shelf, page int) { // a project of old ones turns public
		if page == 3 && len(s.ids) == 300 {
			s.ids = slices.Insert(s.ids, 50, 1001, 1002, 1003)
		}
	}
	for _, test := range []struct {
		name   string
		before func(*shelf, int)
		sent   int
	}{
		{"one is created", created, 4},
		{"one is deleted: the pages around are read again", deleted, 6},
		{"one is deleted each time", always, 7},
		{"half are deleted", many, 6},
		{"old ones appear: it is read once more", public, 8},
	} {
		t.Run(test.name, func(t *testing.T) {
			sh := newShelf(300)
			sh.before = test.before
			s := serve(t, sh.serve)
			c := client(t, s.URL, none, harbor.Options{Parallel: 1})
			list, err := c.AllRepositories(context.Background())
			require.NoError(t, err)
			require.Len(t, s.requests(), test.sent)
			sh.remain(t, 300, ids(list))
		})
	}
}

// remain holds a list against those of the first n rows that were never deleted.
func (s *shelf) remain(t *testing.T, n int, list []int64) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	sorted := slices.Sorted(slices.Values(list))
	require.Len(t, slices.Compact(slices.Clone(sorted)), len(list), "each once")
	for _, id := range s.ids {
		if id <= n && !slices.Contains(sorted, int64(id)) {
			require.Fail(t, "a row is missing", "%d", id)
		}
	}
}

// Pages that are asked for together come in any order, and anything may happen
// between any two of them.
func TestRepositoriesChangeAllTheTime(t *testing.T) {
	for seed := range uint64(40) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1))
			const n = 2000
			sh, next := newShelf(n), n
			deletes, creates := random.IntN(3), random.IntN(2)
			sh.before = func(s *shelf, _ int) {
				if random.IntN(4) == 0 { // never at once: one would hide the other
					for range creates {
						next++
						s.ids = append(s.ids, next)
					}
					return
				}
				for range deletes {
					at := random.IntN(len(s.ids))
					s.ids = slices.Delete(s.ids, at, at+1)
				}
			}
			s := serve(t, sh.serve)
			list, err := client(t, s.URL, none, harbor.Options{Parallel: 1 + random.IntN(8)}).AllRepositories(context.Background())
			require.NoError(t, err)
			sh.remain(t, n, ids(list))
			require.Less(t, len(s.requests()), 3*n/harbor.PageSize)
		})
	}
}

// Harbor counts before it lists. Of what is deleted between the two only the answers to
// later questions tell.
func TestRepositoriesAreDeletedBetweenCountAndList(t *testing.T) {
	for _, parallel := range []int{1, 3, 8} {
		for at := 2; at < 10; at++ {
			t.Run(fmt.Sprintf("page %d, %d at a time", at, parallel), func(t *testing.T) {
				const n = 1000
				sh, together := newShelf(n), newMeeting(parallel, n/harbor.PageSize)
				sh.between = func(s *shelf, page int) {
					if page == at && len(s.ids) == n {
						s.ids = s.ids[1:]
					}
				}
				s := serve(t, func(w http.ResponseWriter, r *http.Request) {
					together.last(r, at)
					sh.serve(w, r)
					together.done(r)
				})
				list, err := client(t, s.URL, none, harbor.Options{Parallel: parallel}).AllRepositories(context.Background())
				require.NoError(t, err)
				sh.remain(t, n, ids(list))
				require.Less(t, len(s.requests()), 3*n/harbor.PageSize)
			})
		}
	}
}

// meeting has one of the pages that are asked for together answered last.
type meeting struct {
	parallel int
	answered []chan struct{} // by page, closed when it was answered
	once     []sync.Once
}

func newMeeting(parallel, pages int) *meeting {
	m := &meeting{parallel: parallel, answered: make([]chan struct{}, pages+1), once: make([]sync.Once, pages+1)}
	for page := range m.answered {
		m.answered[page] = make(chan struct{})
	}
	return m
}

func (m *meeting) done(r *http.Request) {
	page, _ := strconv.Atoi(r.URL.Query().Get("page"))
	m.once[page].Do(func() { close(m.answered[page]) })
}

// last waits for the others, if the request is for the page.
func (m *meeting) last(r *http.Request, page int) {
	if r.URL.Query().Get("page") != strconv.Itoa(page) {
		return
	}
	from := 2 + (page-2)/m.parallel*m.parallel
	for other := from; other < min(from+m.parallel, len(m.answered)); other++ {
		if other != page {
			<-m.answered[other]
		}
	}
}

func TestLyingTotals(t *testing.T) {
	for _, test := range []struct {
		name   string
		answer http.HandlerFunc
		kind   fault.Kind
		most   int
	}{
		{"millions", func(w http.ResponseWriter, r *http.Request) {
			answers(200, "2000000000", artifactRows(repository, 0, 100))(w, r)
		}, fault.TooLarge, 1},
		{"one page more, always", func(w http.ResponseWriter, r *http.Request) {
			n, _ := strconv.Atoi(r.URL.Query().Get("page"))
			answers(200, strconv.Itoa(100*(n+1)), artifactRows(repository, 100*n, 100*n+100))(w, r)
		}, fault.TooLarge, 20},
		{"the same page, always", func(w http.ResponseWriter, r *http.Request) {
			answers(200, "500", artifactRows(repository, 0, 100))(w, r)
		}, fault.Unreachable, 10},
		{"nothing behind the first page", func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Get("page") == "1" {
				answers(200, "500", artifactRows(repository, 0, 100))(w, r)
			} else {
				answers(200, "500", "[]")(w, r)
			}
		}, fault.Unreachable, 10},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := serve(t, test.answer)
			c := client(t, s.URL, none, harbor.Options{MaxPages: 20})
			_, err := c.RepositoryArtifacts(context.Background(), repository)
			isKind(t, err, test.kind)
			require.LessOrEqual(t, len(s.requests()), test.most)
		})
	}
}

func TestPagesTogetherAreBounded(t *testing.T) {
	sh := newShelf(1000)
	s := serve(t, sh.serve)
	c := client(t, s.URL, none, harbor.Options{MaxBytes: 20_000})
	_, err := c.AllRepositories(context.Background())
	isKind(t, err, fault.TooLarge)
	require.Less(t, len(s.requests()), 10)
}

// Pages are asked for together, but no more than was said.
func TestParallel(t *testing.T) {
	sh := newShelf(900)
	var now, most atomic.Int64
	var all sync.WaitGroup
	all.Add(4)
	arrived := make(chan struct{})
	go func() { all.Wait(); close(arrived) }()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		n := now.Add(1)
		defer now.Add(-1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		if p := r.URL.Query().Get("page"); p >= "2" && p <= "5" {
			all.Done()
			<-arrived // none is answered before all four are asked
		}
		sh.serve(w, r)
	})
	c := client(t, s.URL, none, harbor.Options{Parallel: 4})
	list, err := c.AllRepositories(context.Background())
	require.NoError(t, err)
	require.Len(t, list, 900)
	require.EqualValues(t, 4, most.Load())
}

// Names that Harbor cannot give are left out, and spoil nothing.
func TestNamesOfNobody(t *testing.T) {
	s := serve(t, answers(200, "4", `[
		{"id":1,"name":"tool-x/web","update_time":"2026-11-23T05:24:40.769Z"},
		{"id":2,"name":"tool-x/../admin","update_time":"2026-11-23T05:24:40.769Z"},
		{"id":3,"name":"Tool-X/web","update_time":"2026-11-23T05:24:40.769Z"},
		{"id":4,"name":"alone","update_time":"2026-11-23T05:24:40.769Z"}]`))
	c := client(t, s.URL, none, harbor.Options{})
	list, err := c.AllRepositories(context.Background())
	require.NoError(t, err)
	require.Equal(t, []int64{1}, ids(list))
	page, err := c.RecentRepositories(context.Background(), 1)
	require.NoError(t, err)
	require.Equal(t, 4, page.Total)
	require.Len(t, page.Rows, 1)
}
