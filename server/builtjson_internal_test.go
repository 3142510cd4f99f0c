package server

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/reference"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/marker"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
)

// Written by hand or encoded, a record has the same bytes.
func TestRecordsWrittenByHand(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	for range 20_000 {
		i := randomImage(random)
		require.Equal(t, string(encode(Record(i))), string(appendRecord(nil, i)))
	}
}

// Cut down to some properties, a record has those as it has them, in its order.
func TestCutRecords(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 2))
	for range 200 {
		fields := map[string]bool{"short_name": true}
		for range random.IntN(8) {
			fields[recordFields[random.IntN(len(recordFields))]] = true
		}
		c := newCutter(fields)
		for range 20 {
			i := randomImage(random)
			record := Record(i)
			if fields["tags"] {
				record.Tags = i.TagNames()
			}
			var whole map[string]json.RawMessage
			require.NoError(t, json.Unmarshal(encode(record), &whole))
			var members []string
			for _, name := range recordFields {
				if value, known := whole[name]; known && fields[name] {
					members = append(members, fmt.Sprintf("%q:%s", name, value))
				}
			}
			require.Equal(t, "before{"+strings.Join(members, ",")+"}", string(c.append([]byte("before"), i)))
		}
	}
}

// randomImage makes an image of a user's with whatever one may have.
func randomImage(random *rand.Rand) *snapshot.Image {
	texts := []string{"", "a", "tool-x/y:z", "<&>", `"\\`, "\x00\n\t\x7f", "ä", "\u2028", "\xff\xfe", "~}", "\U0001F4A9"}
	text := func() string { return texts[random.IntN(len(texts))] }
	some := func() bool { return random.IntN(2) == 0 }
	b := &snapshot.Built{Tool: text(), Private: some(), Signed: some()}
	i := &snapshot.Image{
		ShortName: text(), Type: snapshot.Buildservice, State: text(), Notice: text(), Stale: some(), LiveSource: text(),
		Offer: snapshot.Offer{
			Reference: reference.Reference{Host: text(), Path: text(), Tag: text()}, Digest: text(),
			Exists: []fact.Status{fact.Unknown, fact.Present, fact.Absent}[random.IntN(3)],
		},
		Tags: []string{text()}, Built: b,
	}
	for range random.IntN(3) {
		i.Aliases = append(i.Aliases, text())
	}
	if some() {
		b.PushedAt = time.UnixMilli(random.Int64N(4e12)).UTC()
	}
	if some() {
		b.SizeBytes = random.Int64()
	}
	if some() {
		b.Platforms = []string{text(), text()}[:random.IntN(3)]
	}
	if some() {
		b.Stack = &snapshot.Stack{Name: text(), State: text(), ReplacedBy: text()}
	}
	if some() {
		b.Scan = &inventory.Scan{Critical: 1, High: 2, Medium: 3, Low: 4, Negligible: 5, Unknown: 6, Fixable: random.IntN(2), At: random.Int64N(2) * 1_790_000_000_123}
	}
	switch random.IntN(20) { // what user-built images do not have today
	case 1:
		i.Description = "x"
	case 7:
		i.Marked = []snapshot.Marked{{Kind: marker.Aliases, Alone: some()}, {Kind: marker.State, Alone: some()}}
	case 2:
		i.Links = []chart.Link{{URL: "https://example.org"}}
	case 3:
		i.ReplacedBy = "x"
	case 4:
		i.Lifecycle.Removed = "2030-01-01"
	case 5:
		i.Variants = []snapshot.Variant{{Name: "webservice"}}
	case 6:
		i.WebserviceDefaults = map[string]any{"port": 1}
	}
	return i
}

func BenchmarkRecord(b *testing.B) {
	yes := fmt.Sprintf("sha256:%064d", 1)
	i := &snapshot.Image{
		ShortName: "tool-x/app:latest", Type: snapshot.Buildservice, State: "stable", Aliases: []string{"tool-x/app:latest@" + yes}, LiveSource: "harbor.test",
		Offer: snapshot.Offer{Reference: reference.Reference{Host: "harbor.test", Path: "tool-x/app", Tag: "latest"}, Digest: yes, Exists: fact.Present},
		Built: &snapshot.Built{Tool: "x", SizeBytes: 1, PushedAt: time.UnixMilli(1), Platforms: []string{"linux/amd64"}, Stack: &snapshot.Stack{Name: "heroku-24"}},
	}
	b.Run("encoded", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			encode(Record(i))
		}
	})
	b.Run("cut", func(b *testing.B) {
		b.ReportAllocs()
		c := newCutter(map[string]bool{"short_name": true, "image": true, "exists": true})
		var to []byte
		for b.Loop() {
			to = c.append(to[:0], i)
		}
	})
	b.Run("by-hand", func(b *testing.B) {
		b.ReportAllocs()
		var to []byte
		for b.Loop() {
			to = appendRecord(to[:0], i)
		}
	})
}
