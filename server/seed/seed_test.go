package seed_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/seed"
)

var now = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

const (
	digestA = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	digestB = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
	head    = `{"export":{"format":"1.1","created_at":"2026-11-26T11:00:00Z"},"images":`
	alpha   = `{"short_name":"tool-alpha/alpha:latest","type":"buildservice","tool":"alpha","host":"h.example","path":"tool-alpha/alpha","tag":"latest","digest":"` +
		digestA + `","exists":true,"variants":{},"size_bytes":7,"pushed_at":"2026-01-02T03:04:05.678Z","platforms":["linux/amd64","linux/arm64"],` +
		`"stack":{"name":"heroku-24","state":"stable"},"vulnerabilities":{"critical":1,"high":2,"medium":3,"low":4,"negligible":5,"unknown":6,"fixable":7},"signed":true}`
	worm = `{"short_name":"bookworm","type":"standard","host":"r.example","path":"bookworm","tag":"latest","digest":"` + digestB + `","exists":true,"variants":{` +
		`"web":{"host":"r.example","path":"bookworm-web","tag":"v1","exists":false},"later":{"host":"r.example","path":"later","tag":"v1"}}}`
)

func read(text string, change func(*seed.Options)) (*resolver.Seed, error) {
	opts := seed.Options{MaxBytes: 1 << 20, MaxRows: 100, MaxAge: 24 * time.Hour, Now: now}
	if change != nil {
		change(&opts)
	}
	return seed.Read(iotest.OneByteReader(strings.NewReader(text)), opts)
}

// What rows say is what a replica begins with.
func TestRead(t *testing.T) {
	// In the order of a list, which is not that of projects.
	behind := strings.NewReplacer("tool-alpha/alpha:latest", "tool-alpha-b/alpha:v2", "tool-alpha/alpha", "tool-alpha-b/alpha", `"latest"`, `"v2"`).Replace(alpha)
	got, err := read(head+"["+worm+","+behind+","+alpha+`],"image_config":{"x":[1]},"messages":{}}`, nil)
	require.NoError(t, err)
	require.Equal(t, now.Add(-time.Hour), got.CreatedAt)
	require.Equal(t, "h.example", got.UsersHost)
	require.Equal(t, now.Add(-time.Hour), got.Users.LastSuccess)
	require.Equal(t, 2, got.Users.View.Images)
	require.Equal(t, 2, got.Users.View.Public.Images)
	image := got.Users.View.Tool("alpha").Repositories[0].Images[0]
	digest, _ := inventory.ParseDigest(digestA)
	require.Equal(t, digest, image.Digest)
	require.Equal(t, int64(7), image.Size)
	require.Equal(t, time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC), image.PushedAt())
	require.Equal(t, inventory.Details{Platforms: "linux/amd64,linux/arm64", Stack: "heroku-24", Signed: true}, image.Details.Value())
	require.Equal(t, &inventory.Scan{Critical: 1, High: 2, Medium: 3, Low: 4, Negligible: 5, Unknown: 6, Fixable: 7}, image.Scan)

	require.Len(t, got.Hosts, 1)
	there := fact.Manifest{Status: fact.Present, Digest: digestB}
	require.Equal(t, map[fact.Reference]fact.Manifest{
		{Host: "r.example", Repository: "bookworm", Tag: "latest"}:                  there,
		{Host: "r.example", Repository: "bookworm", Tag: "latest", Digest: digestB}: there,
		{Host: "r.example", Repository: "bookworm", Digest: digestB}:                there,
		{Host: "r.example", Repository: "bookworm-web", Tag: "v1"}:                  {Status: fact.Absent},
	}, got.Hosts[0].Manifests)
}

// A source that had not answered for long when the rows were written is as old as
// its last answer, and left out if that is too old.
func TestAges(t *testing.T) {
	sources := func(at string) string {
		return strings.Replace(head, `Z"}`, `Z","sources":[{"name":"h.example","kind":"users","last_success_at":"`+at+`"},{"name":"r.example","kind":"oci","last_success_at":"2026-11-27T00:00:00Z"}]}`, 1) +
			"[" + worm + "," + alpha + "]}"
	}
	got, err := read(sources("2026-11-26T02:00:00Z"), nil)
	require.NoError(t, err)
	require.Equal(t, now.Add(-10*time.Hour), got.Users.LastSuccess)
	require.Equal(t, now.Add(-time.Hour), got.Hosts[0].LastSuccess, "not after the rows were written")
	got, err = read(sources("2026-11-25T11:59:00Z"), nil)
	require.NoError(t, err)
	require.Empty(t, got.UsersHost)
	require.Nil(t, got.Users.View)
	require.Len(t, got.Hosts, 1)
}

// A list has no head: who asked for it knows when.
func TestAList(t *testing.T) {
	got, err := read(`{"images":[`+alpha+`],"messages":{}}`, func(o *seed.Options) { o.Head = &seed.Head{CreatedAt: now} })
	require.NoError(t, err)
	require.Equal(t, now, got.Users.LastSuccess)
}

func TestWhatIsNotTaken(t *testing.T) {
	change := func(old, by string) string { return head + "[" + strings.Replace(alpha, old, by, 1) + "]}" }
	for name, c := range map[string]struct {
		text string
		kind fault.Kind
		says string
	}{
		"nothing":              {"", fault.Invalid, "EOF"},
		"no object":            {"[]", fault.Invalid, "no export and no list"},
		"HTML":                 {"<html>", fault.Invalid, "invalid"},
		"cut off":              {head + "[" + alpha, fault.Invalid, "EOF"},
		"more behind":          {head + "[]}{}", fault.Invalid, "behind its end"},
		"no images":            {head[:len(head)-len(`,"images":`)] + "}", fault.Invalid, "it has no images"},
		"null":                 {head + "null}", fault.Invalid, "no list"},
		"an object":            {head + "{}}", fault.Invalid, "no list"},
		"key twice":            {change(`"tag":"latest"`, `"tag":"latest","tag":"x"`), fault.Invalid, "duplicate"},
		"bad UTF-8":            {change("heroku-24", "\xff"), fault.Invalid, "UTF-8"},
		"text for number":      {change(`"size_bytes":7`, `"size_bytes":"7"`), fault.Invalid, "size_bytes"},
		"twice the same":       {head + "[" + alpha + "," + alpha + "]}", fault.Invalid, "out of place"},
		"another registry":     {head + "[" + alpha + "," + strings.Replace(alpha, "h.example", "evil.example", 1) + "]}", fault.Invalid, "two registries"},
		"no registry":          {change(`"host":"h.example"`, `"host":""`), fault.Invalid, "two registries"},
		"a way up":             {change(`"path":"tool-alpha/alpha"`, `"path":"tool-alpha/../x"`), fault.Invalid, "is no repository"},
		"a project alone":      {change(`"path":"tool-alpha/alpha"`, `"path":"tool-alpha"`), fault.Invalid, "is no repository"},
		"no tag":               {change(`"tag":"latest"`, `"tag":"a b"`), fault.Invalid, "is no tag"},
		"no digest":            {change(digestA, "sha256:0"), fault.Invalid, "is no digest"},
		"below nothing":        {change(`"size_bytes":7`, `"size_bytes":-7`), fault.Invalid, "-7 bytes"},
		"long":                 {change("heroku-24", strings.Repeat("x", 2000)), fault.Invalid, "longer than any"},
		"standard, no digest":  {head + "[" + strings.Replace(worm, digestB, "x", 1) + "]}", fault.Invalid, "is no digest"},
		"standard, long":       {head + "[" + strings.Replace(worm, `"path":"bookworm"`, `"path":"`+strings.Repeat("x", 2000)+`"`, 1) + "]}", fault.Invalid, "longer than any"},
		"another format":       {strings.Replace(head, "1.1", "2.0", 1) + "[]}", fault.Unsupported, "this Bayplan knows 1"},
		"too old":              {strings.Replace(head, "11-26", "11-25", 1) + "[]}", fault.Refused, "written 25h0m0s ago"},
		"of the future":        {strings.Replace(head, "T11", "T13", 1) + "[]}", fault.Refused, "clocks do not agree"},
		"a list without a day": {`{"images":[]}`, fault.Invalid, "does not say when"},
		"too long":             {head + "[" + strings.Repeat(" ", 1<<20) + "]}", fault.TooLarge, "more bytes than are allowed"},
		"deep":                 {`{"x":` + strings.Repeat("[", 100_000), fault.Invalid, "depth"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := read(c.text, nil)
			require.ErrorContains(t, err, c.says)
			require.Equal(t, c.kind, fault.KindOf(err))
			require.Nil(t, got)
		})
	}
}

// tagged are n rows of one repository.
func tagged(n int) string {
	var rows strings.Builder
	for i := range n {
		rows.WriteString(strings.Replace(alpha, `"tag":"latest"`, fmt.Sprintf(`"tag":"%07d"`, i), 1) + ",")
	}
	return strings.TrimSuffix(rows.String(), ",")
}

// What is long is bounded by what has to be kept of it, not by its own length: rows
// are counted, and each value of the text has a bound.
func TestBounds(t *testing.T) {
	long := strings.Repeat("x", 5<<20)
	for name, c := range map[string]struct {
		text string
		rows int
		says string // "" if it is taken
	}{
		"many rows":             {head + "[" + tagged(50_000) + "]}", 50_000, ""},
		"a row too many":        {head + "[" + tagged(1001) + "]}", 1000, "more images"},
		"variants too many":     {head + "[" + strings.Repeat(worm+",", 10) + worm + "]}", 20, "more images"},
		"a long row":            {head + `[{"description":"` + long + `"}]}`, 1, "a part of it is longer than any"},
		"a long row at the end": {head + "[" + tagged(50_000) + `,{"description":"` + long + `"}]}`, 50_001, "a part of it is longer than any"},
		"a long list in a row":  {head + `[{"links":[` + strings.Repeat("1,", 5<<20) + `1]}]}`, 1, "a part of it is longer than any"},
		"a long value":          {`{"x":"` + long + long + long + long + `"}`, 1, "a part of it is longer than any"},
		"a value not too long":  {head + `[],"x":"` + long + `","y":"` + long + long + `"}`, 1, ""},
	} {
		t.Run(name, func(t *testing.T) {
			require.Less(t, len(c.text), 1<<26)
			got, err := seed.Read(strings.NewReader(c.text), seed.Options{MaxBytes: 1 << 26, MaxRows: c.rows, MaxAge: 24 * time.Hour, Now: now})
			if c.says == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.says)
			require.Equal(t, fault.TooLarge, fault.KindOf(err))
			require.Nil(t, got)
		})
	}
}

// Whatever is read, it is refused, or a view that holds together and nobody's
// private images.
func FuzzRead(f *testing.F) {
	f.Add(head + "[" + worm + "," + alpha + "]}")
	f.Add(`{"images":[` + alpha + `],"export":{"created_at":"2026-11-26T11:00:00Z","sources":[{"name":"h.example","kind":"users"}]}}`)
	f.Add(head + `[{"type":"buildservice"}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		got, err := read(text, nil)
		if err != nil {
			require.Nil(t, got)
			return
		}
		require.False(t, got.CreatedAt.IsZero())
		if got.UsersHost == "" {
			return
		}
		require.False(t, got.Users.LastSuccess.After(now))
		require.Equal(t, got.Users.View.Counts, got.Users.View.Public, "all of it is public")
		images := 0
		got.Users.View.Walk("", func(tool *inventory.Tool) bool {
			require.False(t, tool.Private)
			images += tool.Images()
			return true
		})
		require.Equal(t, got.Users.View.Images, images)
	})
}
