package nemesis_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/cmd/bayplan/nemesis"
)

const (
	day   = "2026-08-01"
	later = "2026-08-03"
)

// past is a world with a few states, and a history of it that tests spoil. A write
// or a read takes place each second.
type past struct {
	*nemesis.Recorder
	world   *nemesis.World
	second  int
	process int
}

var (
	list    = &nemesis.Question{Kind: nemesis.PublicList, Path: "/v1/images"}
	mine    = &nemesis.Question{Kind: nemesis.ToolList, Path: "/v1/tool/a/images", Tool: "a"}
	theirs  = &nemesis.Question{Kind: nemesis.ToolList, Path: "/v1/tool/b/images", Tool: "b"}
	legacy  = &nemesis.Question{Kind: nemesis.LegacyJSON, Path: "/v1/image-config"}
	byName  = &nemesis.Question{Kind: nemesis.PublicImage, Path: "/v1/images/x", Name: "x"}
	resolve = &nemesis.Question{Kind: nemesis.Resolve, Path: "/v1/tool/b/images/resolve?name=tool-b/app:latest", Tool: "b", Name: "tool-b/app:latest", Project: "tool-b", Tag: "latest"}
)

// state is what a body is made of.
type state struct {
	generation int
	digest     string
	a, b       map[string]string // what tools' projects hold; nil is not told
	stale      bool
	state      string // of the image with a date
}

func newPast() *past {
	w := nemesis.NewWorld("images.example", "harbor.example")
	p := &past{Recorder: nemesis.NewRecorder(w), world: w}
	for range 3 {
		p.catalog()
	}
	for _, digest := range []string{"sha256:1", "sha256:2", "sha256:3"} {
		w.WriteTag(p.next(), "x", digest)
		w.WriteTag(p.next(), "x-web", digest)
	}
	w.Begin("tool-a", "a", nemesis.Steady)
	w.Begin("tool-b", "b", nemesis.Toggling)
	for _, project := range []string{"tool-a", "tool-b"} {
		for n := range 3 {
			w.WriteImages(p.next(), project, built(project, n))
		}
	}
	p.process = p.Start(0, p.next())
	p.Ready(p.process, p.next())
	p.Day(0, 0, day)
	return p
}

func built(project string, n int) map[string]string {
	return map[string]string{"latest": fmt.Sprintf("sha256:%s%d", project, n)}
}

func (p *past) next() nemesis.Moment {
	p.second++
	return time.Duration(p.second) * time.Second
}

func (p *past) catalog() {
	p.world.WriteCatalog(p.next(), func(int) map[string]nemesis.Entry {
		return map[string]nemesis.Entry{"x": {State: "stable", Deprecated: later}}
	})
}

// at is the n-th state of everything.
func at(n int) state {
	return state{generation: n, digest: fmt.Sprintf("sha256:%d", n+1), a: built("tool-a", n), b: built("tool-b", n), state: "stable"}
}

// body writes what a Bayplan would answer.
func (s state) body(q *nemesis.Question) []byte {
	description, alias := nemesis.Description(s.generation), nemesis.Alias("x", s.generation)
	offer := func(path string) map[string]any {
		image := "images.example/" + path + ":latest"
		return map[string]any{"host": "images.example", "path": path, "tag": "latest", "image": image, "digest": s.digest, "pinned": image + "@" + s.digest, "exists": true}
	}
	if q.Kind == nemesis.LegacyJSON {
		return text(map[string]any{"x": map[string]any{
			"state": "stable", "aliases": []string{alias}, "image": "images.example/x",
			"variants": map[string]any{"webservice": map[string]any{"image": "images.example/x-web", "extra": map[string]any{"wstype": "generic"}}},
		}})
	}
	standard := offer("x")
	web := offer("x-web")
	web["extra"] = map[string]any{"wstype": "generic"}
	maps.Copy(standard, map[string]any{
		"short_name": "x", "type": "standard", "state": s.state, "aliases": []string{alias}, "description": description,
		"lifecycle": map[string]any{"deprecated": later}, "sources": map[string]any{"metadata": "chart", "live": "images.example"},
		"variants": map[string]any{"webservice": web},
	})
	images := []map[string]any{}
	for _, one := range []struct {
		tool string
		tags map[string]string
	}{{"a", s.a}, {"b", s.b}} {
		if q.Tool != "" && one.tool != q.Tool && q.Kind != nemesis.PublicList {
			continue
		}
		for _, tag := range slices.Sorted(maps.Keys(one.tags)) {
			name := "tool-" + one.tool + "/app:" + tag
			image := "harbor.example/" + name
			images = append(images, map[string]any{
				"short_name": name, "type": "buildservice", "tool": one.tool, "state": "stable", "aliases": []string{name + "@" + one.tags[tag]},
				"host": "harbor.example", "path": "tool-" + one.tool + "/app", "tag": tag, "image": image, "digest": one.tags[tag],
				"pinned": image + "@" + one.tags[tag], "exists": true, "variants": map[string]any{},
				"sources": map[string]any{"metadata": "harbor.example", "live": "harbor.example"}, "size_bytes": 7,
			})
		}
	}
	images = append(images, standard)
	if s.stale {
		for _, image := range images {
			image["stale"] = true
		}
	}
	switch q.Kind {
	case nemesis.PublicImage:
		return text(map[string]any{"image": standard, "messages": map[string]any{}})
	case nemesis.Resolve:
		return text(map[string]any{"image": images[0], "messages": map[string]any{}})
	}
	return text(map[string]any{"images": images, "messages": map[string]any{}})
}

func text(v any) []byte {
	out, err := json.Marshal(v)
	if err != nil {
		panic(err) // of a test
	}
	return out
}

func tagOf(body []byte, suffix string) string {
	sum := sha256.Sum256(body)
	return fmt.Sprintf(`"%x%s"`, sum[:16], suffix)
}

// read takes down that a question was answered with a body.
func (p *past) read(q *nemesis.Question, body []byte, change ...func(*nemesis.Read)) {
	one := nemesis.Read{
		Incarnation: p.process, Question: q, Coding: nemesis.Identity, Start: p.next(), End: p.next(),
		Status: 200, ETag: tagOf(body, ""), Encoding: nemesis.Identity, Body: body,
	}
	for _, f := range change {
		f(&one)
	}
	p.Add(one)
}

// told is read of a state.
func (p *past) told(q *nemesis.Question, s state) { p.read(q, s.body(q)) }

// notModified makes a read one that says that what the caller holds is what there
// is.
func notModified(held string) func(*nemesis.Read) {
	return func(r *nemesis.Read) { r.Status, r.Held, r.ETag, r.Body = 304, []string{held}, held, nil }
}

// crash ends the process and starts another one.
func (p *past) crash(clean bool) {
	p.MayFail(0, p.next())
	p.End(p.process, p.next(), clean)
	p.process = p.Start(0, p.next())
	p.Ready(p.process, p.next())
}

func (p *past) rules() []nemesis.Rule {
	var out []nemesis.Rule
	for _, v := range nemesis.Check(p.Recorder) {
		out = append(out, v.Rule)
	}
	return slices.Compact(out)
}

// A history that a right Bayplan may have has nothing that the checker minds.
func TestWhatMayBe(t *testing.T) {
	p := newPast()
	for n := range 3 {
		for _, q := range []*nemesis.Question{list, mine, theirs, legacy, byName, resolve} {
			p.told(q, at(n))
			p.read(q, nil, notModified(tagOf(at(n).body(q), "")))
		}
	}
	packed := new(bytes.Buffer)
	w := gzip.NewWriter(packed)
	_, err := w.Write(at(2).body(list))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	p.read(list, packed.Bytes(), func(r *nemesis.Read) { r.Encoding, r.ETag = nemesis.Gzip, tagOf(at(2).body(list), "-gzip") })

	p.crash(false)
	old := at(1) // what was read within the last seconds of a process may be lost; its catalog not
	old.generation, old.stale = 2, true
	p.told(list, old)
	p.told(list, at(2))
	p.read(list, nil, func(r *nemesis.Read) {
		r.Status, r.Failure, r.Start, r.End = 0, "refused", p.next()-12*time.Second, p.next()
	})

	since := p.next()
	p.world.WriteVisibility(since, p.next(), "tool-b", false)
	p.told(list, at(2)) // not learnt yet
	hidden := at(2)
	hidden.b = nil
	p.told(list, hidden)
	p.told(theirs, at(2))
	require.Empty(t, nemesis.Check(p.Recorder))
}

// Each kind of wrong answer is found, and nothing else.
func TestWhatMustNotBe(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(p *past)
		rule  nemesis.Rule
	}{
		"a catalog that was never published": {func(p *past) { p.told(list, at(7)) }, nemesis.RulePublished},
		"two generations in one body": {func(p *past) {
			p.read(list, bytes.Replace(at(1).body(list), []byte("x-g1"), []byte("x-g2"), 1))
		}, nemesis.RulePublished},
		"a digest that was never there": {func(p *past) {
			s := at(2)
			s.digest = "sha256:9"
			p.told(byName, s)
		}, nemesis.RulePublished},
		"a mixture of what a tool held": {func(p *past) {
			s := at(2)
			s.a = map[string]string{"latest": s.a["latest"], "v1": "sha256:tool-a1"}
			p.told(mine, s)
		}, nemesis.RulePublished},
		"a field that nobody wrote": {func(p *past) {
			p.read(legacy, bytes.Replace(at(2).body(legacy), []byte("generic"), []byte("special"), 1))
		}, nemesis.RulePublished},
		"a list that lacks an image": {func(p *past) {
			s := at(2)
			s.a = nil
			p.told(list, s)
		}, nemesis.RulePublished},
		"a body that broke off": {func(p *past) { p.read(list, at(2).body(list)[:100]) }, nemesis.RulePublished},
		"what is written only later": {func(p *past) {
			s := at(2)
			s.generation = 3
			p.told(byName, s)
			p.second += 100
			p.catalog()
		}, nemesis.RulePublished},
		"no such image, though every catalog has it": {func(p *past) {
			p.read(byName, []byte(`{"error":["no"],"code":"image_not_found"}`), func(r *nemesis.Read) { r.Status = 404 })
		}, nemesis.RulePublished},
		"one tag for two bodies": {func(p *past) {
			p.told(list, at(1))
			p.read(list, at(2).body(list), func(r *nemesis.Read) { r.ETag = tagOf(at(1).body(list), "") })
		}, nemesis.RuleETag},
		"the tag of another coding": {func(p *past) {
			p.read(list, at(2).body(list), func(r *nemesis.Read) { r.ETag = tagOf(at(2).body(list), "-gzip") })
		}, nemesis.RuleETag},
		"two tags for one body": {func(p *past) {
			p.told(list, at(2))
			p.read(list, at(2).body(list), func(r *nemesis.Read) { r.ETag = `"another"` })
		}, nemesis.RuleETag},
		"an older catalog": {func(p *past) {
			p.told(list, at(2))
			s := at(2)
			s.generation = 1
			p.told(byName, s)
		}, nemesis.RuleBackwards},
		"an older digest": {func(p *past) {
			p.told(byName, at(2))
			s := at(2)
			s.digest = at(1).digest
			p.told(list, s)
		}, nemesis.RuleBackwards},
		"an older state of a tool, by 304": {func(p *past) {
			s := at(1)
			p.told(resolve, s)
			p.told(theirs, at(2))
			p.read(resolve, nil, notModified(tagOf(s.body(resolve), "")))
		}, nemesis.RuleBackwards},
		"an older catalog after a crash": {func(p *past) {
			p.told(legacy, at(2))
			p.crash(false)
			p.told(legacy, at(1))
		}, nemesis.RuleBackwards},
		"an older digest long after it was read, and a crash": {func(p *past) {
			p.told(byName, at(2))
			p.second += 60
			p.crash(false)
			s := at(1)
			s.generation = 2
			p.told(byName, s)
		}, nemesis.RuleBackwards},
		"an older digest after a clean end": {func(p *past) {
			p.told(byName, at(2))
			p.crash(true)
			s := at(1)
			s.generation = 2
			p.told(byName, s)
		}, nemesis.RuleBackwards},
		"what a crash lost, as if it were of now": {func(p *past) {
			p.told(byName, at(2))
			p.crash(false)
			s := at(1)
			s.generation = 2
			p.told(byName, s)
		}, nemesis.RuleStale},
		"no such image, after a crash, as if it were of now": {func(p *past) {
			p.world.WriteImages(p.next(), "tool-b", nil)
			p.world.WriteImages(p.next(), "tool-b", built("tool-b", 3))
			s := at(2)
			s.b = built("tool-b", 3)
			p.told(resolve, s)
			p.crash(false)
			p.read(resolve, []byte(`{"error":["no"],"warning":["harbor.example is well"],"code":"image_not_found"}`), func(r *nemesis.Read) { r.Status, r.ETag = 404, "" })
		}, nemesis.RuleStale},
		"304 for what another tool holds": {func(p *past) {
			p.told(theirs, at(2))
			p.read(mine, nil, notModified(tagOf(at(2).body(theirs), "")))
		}, nemesis.RulePrivate},
		"304 for what nobody holds": {func(p *past) { p.read(list, nil, notModified(`"nothing"`)) }, nemesis.RuleHeld},
		"304 for what the caller does not hold": {func(p *past) {
			p.told(list, at(2))
			p.read(list, nil, notModified(tagOf(at(2).body(list), "")), func(r *nemesis.Read) { r.Held = []string{`"old"`} })
		}, nemesis.RuleHeld},
		"304 for the body of another kind": {func(p *past) {
			p.told(legacy, at(2))
			p.read(list, nil, notModified(tagOf(at(2).body(legacy), "")))
		}, nemesis.RuleHeld},
		"a private project that was hidden already": {func(p *past) {
			since := p.next()
			p.world.WriteVisibility(since, p.next(), "tool-b", false)
			s := at(2)
			s.b = nil
			p.told(list, s)
			p.told(list, at(2))
		}, nemesis.RulePrivate},
		"a project that has been private for long": {func(p *past) {
			since := p.next()
			p.world.WriteVisibility(since, p.next(), "tool-b", false)
			p.second += 60
			p.told(list, at(2))
		}, nemesis.RulePrivate},
		"another tool's image": {func(p *past) { p.read(mine, at(2).body(list)) }, nemesis.RulePrivate},
		"a day that is not yet": {func(p *past) {
			s := at(2)
			s.state = "deprecated"
			p.told(byName, s)
		}, nemesis.RuleDay},
		"a day that is over": {func(p *past) {
			p.Day(0, p.next(), later)
			p.second += 100
			p.told(byName, at(2))
		}, nemesis.RuleDay},
		"no answer from a process that runs": {func(p *past) {
			p.read(list, nil, func(r *nemesis.Read) { r.Status, r.Failure = 503, "not ready" })
		}, nemesis.RuleFailed},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPast()
			c.spoil(p)
			require.Equal(t, []nemesis.Rule{c.rule}, p.rules(), "%v", nemesis.Check(p.Recorder))
		})
	}
}

// A list that says what was written last has caught up, and says what it lacks if
// not.
func TestCaughtUp(t *testing.T) {
	p := newPast()
	require.Empty(t, p.world.Caught(at(2).body(list), true))
	require.Contains(t, p.world.Caught(at(1).body(list), true), "generation 1")
	s := at(2)
	s.b = built("tool-b", 1)
	require.Equal(t, "tool-b", p.world.Caught(s.body(list), true))
	p.world.WriteVisibility(p.next(), p.next(), "tool-b", false)
	require.True(t, strings.HasPrefix(p.world.Caught(at(2).body(list), true), "tool-b is listed"))
	require.Empty(t, p.world.Caught(at(2).body(list), false))
}
