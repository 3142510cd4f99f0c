package inventory_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
)

const (
	latency     = 5 * time.Millisecond
	concurrency = 64
)

// toolforge is a Harbor of Toolforge's size, over TLS, each answer 5 ms away.
func toolforge(b *testing.B) *world {
	w := newWorld(b, setup{
		harbor:   harbortest.StartOptions{TLS: true},
		client:   clientOf(concurrency),
		endpoint: endpoint.Config{Concurrency: concurrency},
	})
	w.Seed(harbortest.Seed{Prefix: "tool-t", Projects: 3500, Repositories: 2, Profile: harbortest.Profile{RowBytes: 5000}})
	w.Delay(latency)
	return w
}

// BenchmarkSweepOfNothingNew lists the same again; the bar is 105 requests.
func BenchmarkSweepOfNothingNew(b *testing.B) {
	w := toolforge(b)
	require.NoError(b, w.Round(context.Background()))
	requests := 0
	for b.Loop() {
		w.clock.advance(2 * time.Hour)
		requests = w.costs(func() { require.NoError(b, w.Round(context.Background())) })
	}
	b.ReportMetric(float64(requests), "requests")
}

// BenchmarkRound is a round in which so many repositories were pushed to, among
// 100,000. Without latency, so that what is not waiting shows.
func BenchmarkRound(b *testing.B) {
	w := newWorld(b, setup{})
	names := w.Seed(harbortest.Seed{Prefix: "tool-t", Projects: 50_000, Repositories: 2})
	require.NoError(b, w.Round(context.Background()))
	for _, changes := range []int{0, 1, 10, 50} {
		b.Run(fmt.Sprintf("changes=%d", changes), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				for n := range changes {
					w.push(names[n*1999], "latest")
				}
				w.clock.advance(2 * time.Second)
				b.StartTimer()
				require.NoError(b, w.Round(context.Background()))
			}
		})
	}
}

// BenchmarkRefresh is one changed tool among 100,000 repositories, beside the
// same question asked with nothing behind it.
func BenchmarkRefresh(b *testing.B) {
	w := newWorld(b, setup{})
	names := w.Seed(harbortest.Seed{Prefix: "tool-t", Projects: 50_000, Repositories: 2})
	require.NoError(b, w.Round(context.Background()))
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		w.push(names[31], "latest")
		b.StartTimer()
		require.NoError(b, w.Refresh(context.Background(), "t000015"))
	}
}

// plain is what an image is in a program that does not mind memory: its record
// in strings, as it is published.
type plain struct {
	ShortName, Type, Tool, State, Host, Path, Tag, Image, Digest, Pinned, PushedAt, Stack, RunImage, Platforms string
	Aliases, Tags                                                                                              []string
	Size                                                                                                       int64
}

// facts is the least that it can do: what Harbor says of an image, in strings.
type facts struct {
	Project, Repository, Tag, Digest, PushTime, Stack, RunImage, Platforms string
	Size                                                                   int64
}

// BenchmarkMemory compares what a view of 100,000 repositories keeps with plain
// structs of strings that say the same.
func BenchmarkMemory(b *testing.B) {
	w := newWorld(b, setup{})
	w.Seed(harbortest.Seed{Prefix: "tool-t", Projects: 50_000, Repositories: 2})
	for range b.N {
		w.ResetRequests()
		before := heap()
		i := w.anew()
		require.NoError(b, i.Round(context.Background()))
		view := i.State().View
		require.Equal(b, 100_000, view.Images)
		w.ResetRequests() // Harbor's log of them is not ours
		kept := heap() - before
		var records []*plain
		recordsKept := grows(func() { records = plainly(view) })
		var rows []*facts
		rowsKept := grows(func() { rows = barely(view) })
		b.ReportMetric(float64(kept)/100_000, "B/image")
		b.ReportMetric(float64(recordsKept)/100_000, "B/record")
		b.ReportMetric(float64(rowsKept)/100_000, "B/facts")
		b.ReportMetric(float64(kept)/float64(recordsKept), "of-records")
		b.ReportMetric(float64(kept)/float64(rowsKept), "of-facts")
		runtime.KeepAlive(records)
		runtime.KeepAlive(rows)
		runtime.KeepAlive(i)
	}
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func grows(f func()) uint64 {
	before := heap()
	f()
	return heap() - before
}

func each(view *inventory.View, f func(*inventory.Tool, *inventory.Repository, inventory.Image)) {
	view.Walk("", func(t *inventory.Tool) bool {
		for _, r := range t.Repositories {
			for _, i := range r.Images {
				f(t, r, i)
			}
		}
		return true
	})
}

func plainly(view *inventory.View) (out []*plain) {
	each(view, func(t *inventory.Tool, r *inventory.Repository, i inventory.Image) {
		path := t.Project + "/" + r.Name
		name, digest, d := path+":"+i.Tag, i.Digest.String(), i.Details.Value()
		out = append(out, &plain{
			ShortName: name, Type: "buildservice", Tool: strings.Clone(t.Name), State: "stable", Host: host, Path: path, Tag: strings.Clone(i.Tag),
			Image: host + "/" + name, Digest: digest, Pinned: host + "/" + name + "@" + digest, PushedAt: i.PushedAt().Format(time.RFC3339Nano),
			Stack: strings.Clone(d.Stack), RunImage: strings.Clone(d.RunImage), Platforms: strings.Clone(d.Platforms),
			Aliases: []string{name + "@" + digest}, Tags: []string{strings.Clone(i.Tag)}, Size: i.Size,
		})
	})
	return out
}

func barely(view *inventory.View) (out []*facts) {
	each(view, func(t *inventory.Tool, r *inventory.Repository, i inventory.Image) {
		d := i.Details.Value()
		out = append(out, &facts{
			Project: strings.Clone(t.Project), Repository: strings.Clone(r.Name), Tag: strings.Clone(i.Tag), Digest: i.Digest.String(),
			PushTime: i.PushedAt().Format(time.RFC3339Nano), Stack: strings.Clone(d.Stack), RunImage: strings.Clone(d.RunImage),
			Platforms: strings.Clone(d.Platforms), Size: i.Size,
		})
	})
	return out
}
