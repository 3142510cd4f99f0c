package server_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
)

// upheaval does random things to a platform.
type upheaval struct {
	*platform
	t      *testing.T
	random *rand.Rand
	day    time.Time
	heal   func() // what ails the Harbor; nil if nothing does
}

// Applied to the list that a reader began with, events give each later list: for
// anyone and for a tool, whatever is pushed, deleted, hidden, shown, edited or
// broken, and however often the reader's connection breaks.
func TestEventsSayWhatListsSay(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	u := &upheaval{t: t, random: rand.New(rand.NewPCG(seed, 1)), day: noon}
	u.platform = startPlatform(t, setup{now: func() time.Time { return u.day }}, toolImages...)
	mirrors := map[string]*mirror{"": u.mirror(t, ""), "tool-a": u.mirror(t, "a"), "tool-b": u.mirror(t, "b")}
	for range 60 {
		for range 1 + u.random.IntN(3) {
			u.happen()
		}
		u.publish()
		for project, m := range mirrors {
			if u.random.IntN(4) == 0 {
				m.connect(m.stream.last) // and miss nothing
			}
			if u.random.IntN(3) > 0 { // or else it falls behind by a snapshot
				m.catchUp(u.server.LastEvent(project))
			}
		}
	}
	for project, m := range mirrors {
		m.catchUp(u.server.LastEvent(project))
		require.Equal(t, 1, m.lists, "nothing that happened is too much to be told")
	}
}

func (u *upheaval) happen() {
	project := fmt.Sprintf("tool-%c", 'a'+u.random.IntN(4))
	repository := fmt.Sprintf("%s/app%d", project, u.random.IntN(2))
	visibility := []harbortest.Visibility{harbortest.Public, harbortest.Private}[u.random.IntN(2)]
	switch u.random.IntN(10) {
	case 0, 1, 2:
		u.harbor.AddProject(project, visibility)
		stack := []string{"", "heroku-20", "heroku-24"}[u.random.IntN(3)]
		_, err := u.harbor.Push(repository, fmt.Sprintf("t%d", u.random.IntN(3)), harbortest.Profile{StackID: stack})
		require.NoError(u.t, err)
	case 3:
		u.harbor.DeleteRepository(repository)
	case 4:
		if info, there := u.harbor.Repository(repository); there && len(info.Artifacts) > 0 {
			u.harbor.DeleteTag(repository, fmt.Sprintf("t%d", u.random.IntN(3)))
		}
	case 5:
		_ = u.harbor.SetVisibility(project, visibility) // or there is no such project
	case 6:
		u.edit()
	case 7:
		u.registries.fail("one.test", []error{nil, refused("one.test")}[u.random.IntN(2)])
	case 8:
		u.breakOrHeal(project)
	case 9:
		u.day = u.day.Add(24 * time.Hour)
	}
}

// edit changes what the catalog says of images and of stacks.
func (u *upheaval) edit() {
	values := toolSample
	for _, change := range [][2]string{
		{"  zz: {state: stable, image: one.test/zz}\n", ""},
		{"tool/x: {state: stable", "tool/x: {state: beta"},
		{"image: one.test/tool}", "image: one.test/tool, description: a tool}"},
		{"images:\n", "images:\n  aa: {state: stable, image: two.test/aa}\n"},
		{"heroku-24: {state: stable}", "heroku-24: {state: stable, lifecycle: {deprecated: \"" + u.day.Add(48*time.Hour).Format(time.DateOnly) + "\"}}"},
		{"heroku-20: {state: deprecated, replacedBy: heroku-24}", "heroku-20: {state: stable}"},
	} {
		if u.random.IntN(2) == 0 {
			values = strings.Replace(values, change[0], change[1], 1)
		}
	}
	u.write(u.t, "values.yaml", values)
}

// breakOrHeal lets Harbor not answer, at all or about one project.
func (u *upheaval) breakOrHeal(project string) {
	if u.heal != nil {
		u.heal()
		u.heal = nil
		return
	}
	which := harbortest.Matcher(harbortest.Any)
	if u.random.IntN(2) == 0 {
		which = harbortest.And(harbortest.PathContains("/"+project+"/"), harbortest.PathContains("artifacts"))
		pushUser(u.t, u.harbor, project+"/app0:failing") // it has to be read
	}
	u.heal = u.harbor.Fault(which, harbortest.Status(http.StatusInternalServerError))
}

// publish lets everybody ask once; what cannot be asked is no failure.
func (u *upheaval) publish() {
	u.refresh(u.t)
	u.round(u.t)
}

// A tool whose project fails stays stale when its Harbor answers again.
func TestEventsOfASourceThatFails(t *testing.T) {
	p := startPlatform(t, setup{}, toolImages...)
	everybody, own := p.mirror(t, ""), p.mirror(t, "c")
	check := func(want ...string) {
		t.Helper()
		stream := p.open(t, "/v1/events", "Last-Event-ID", everybody.stream.last)
		require.Equal(t, append([]string{}, want...), stream.told(p.server.LastEvent("")))
		stream.leave()
		everybody.catchUp(p.server.LastEvent(""))
		own.catchUp(p.server.LastEvent("tool-c"))
	}
	p.harbor.Fault(harbortest.PathContains("/tool-b/"), harbortest.Status(http.StatusInternalServerError))
	pushUser(t, p.harbor, "tool-b/b:other")
	p.round(t)
	check("changed tool-b/b:latest")

	heal := p.harbor.Fault(harbortest.Any, harbortest.Status(http.StatusInternalServerError))
	p.round(t)
	check("messages", "source")
	p.round(t)
	check()

	heal()
	p.round(t)
	check("messages", "source", "changed tool-b/b:latest")
}
