package harbor

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func one(t *testing.T, fields string) Artifact {
	t.Helper()
	list, err := decodePage(newReader(), []byte(`[{"digest":"sha256:`+strings.Repeat("0", 64)+`",`+fields+`}]`))
	require.NoError(t, err)
	require.Len(t, list, 1)
	return list[0]
}

// label quotes a text as Harbor quotes a label that holds JSON.
func label(text string) string {
	quoted, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return string(quoted)
}

// Untried shape: by the buildpacks platform specification.
func TestBuildpack(t *testing.T) {
	for _, test := range []struct {
		name, metadata string
		want           Buildpack
	}{
		{"platform API 0.12", `{"app":[{"sha":"x"}],"runImage":{"topLayer":"sha256:b","reference":"run.example/run@sha256:c","image":"run.example/run:22","mirrors":["a","b"]}}`,
			Buildpack{Stack: "heroku-22", RunImage: "run.example/run@sha256:c", RunImageName: "run.example/run:22"}},
		{"before", `{"runImage":{"topLayer":"sha256:b","reference":"run.example/run@sha256:c"},"stack":{"runImage":{"image":"run.example/run:20","mirrors":null}}}`,
			Buildpack{Stack: "heroku-22", RunImage: "run.example/run@sha256:c", RunImageName: "run.example/run:20"}},
		{"both places", `{"runImage":{"image":"new"},"stack":{"runImage":{"image":"old"}}}`, Buildpack{Stack: "heroku-22", RunImageName: "new"}},
		{"blanks", " {\n \"runImage\" : { \"reference\" : \"r\" } , \"x\" : 1 }\t", Buildpack{Stack: "heroku-22", RunImage: "r"}},
		{"deep below another key", `{"app":{"runImage":{"reference":"no"}},"buildpacks":[{"runImage":{"reference":"no"}}]}`, Buildpack{Stack: "heroku-22"}},
		{"escapes before it", `{"app":"a \"quoted\" \\ word \u00e9 \n {[","runImage":{"reference":"r"}}`, Buildpack{Stack: "heroku-22", RunImage: "r"}},
		{"an escape in it", `{"runImage":{"reference":"a\u0062"}}`, Buildpack{Stack: "heroku-22"}},
		{"no text", `{"runImage":{"reference":5,"image":null}}`, Buildpack{Stack: "heroku-22"}},
		{"a text with blanks", `{"runImage":{"reference":"<script> alert"}}`, Buildpack{Stack: "heroku-22"}},
		{"other escapes before it", `{"app":"<a&b>","b":"/","runImage":{"reference":"r"}}`, Buildpack{Stack: "heroku-22", RunImage: "r"}},
		{"other escapes after half of it", "{\"runImage\":{\"reference\":\"r\",\"image\"\n:\"i\"}}", Buildpack{Stack: "heroku-22", RunImage: "r", RunImageName: "i"}},
		{"nothing follows of interest", `{"runImage":{"reference":"r","image":"i"},"stack":{"runImage":{"image":"old"}},"x`, Buildpack{Stack: "heroku-22", RunImage: "r", RunImageName: "i"}},
		{"backslashes before it", `{"app":"\\","b":"\\\"","c\\":1,"runImage":{"reference":"r"}}`, Buildpack{Stack: "heroku-22"}},
		{"backslashes in values before it", `{"app":"\\","b":["\\\"}","\\"],"runImage":{"reference":"r"}}`, Buildpack{Stack: "heroku-22", RunImage: "r"}},
		{"no object", `{"runImage":"r"}`, Buildpack{Stack: "heroku-22"}},
		{"no JSON", `hello {"runImage`, Buildpack{Stack: "heroku-22"}},
		{"cut off", `{"runImage":{"reference":"r`, Buildpack{Stack: "heroku-22"}},
		{"empty", ``, Buildpack{Stack: "heroku-22"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := one(t, `"extra_attrs":{"config":{"Labels":{"io.buildpacks.stack.id":"heroku-22","maintainer":"x","io.buildpacks.lifecycle.metadata":`+label(test.metadata)+`}}}`)
			require.Equal(t, test.want, a.Buildpack)
		})
	}
}

// What somebody put into an artifact spoils neither it nor its neighbours.
func TestExtraAttributesOfAnyKind(t *testing.T) {
	for _, attributes := range []string{
		`null`, `5`, `"x"`, `[]`, `{"config":5}`, `{"config":{"Labels":[1]}}`, `{"config":{"Labels":null}}`, `{"os":1,"architecture":{}}`,
		`{"config":{"Labels":{"io.buildpacks.stack.id":7,"io.buildpacks.lifecycle.metadata":{"runImage":{"reference":"x"}}}}}`,
		`{"os":"linux","architecture":""}`, `{"os":"lin ux","architecture":"amd64"}`, `{"os":"linux","architecture":"` + strings.Repeat("x", 300) + `"}`,
	} {
		a := one(t, `"extra_attrs":`+attributes)
		require.Equal(t, Buildpack{}, a.Buildpack, attributes)
		require.Empty(t, a.Platforms, attributes)
	}
}

func TestPlatforms(t *testing.T) {
	a := one(t, `"references":[
		{"platform":{"os":"linux","architecture":"arm","variant":"v7"}},
		{"platform":{"os":"linux","architecture":"amd64","OsFeatures":null}},
		{"platform":{"os":"unknown","architecture":"unknown"}},
		{"platform":null},{},
		{"platform":{"os":"linux","architecture":"amd64"}}]`)
	require.Equal(t, []string{"linux/amd64", "linux/arm/v7"}, a.Platforms)
}

// Untried shape: by Harbor's API description.
func TestVulnerabilities(t *testing.T) {
	report := func(status, end string, high int) string {
		return fmt.Sprintf(`{"report_id":"x","scan_status":%q,"severity":"High","duration":3,"end_time":%q,"complete_percent":100,
			"summary":{"total":9,"fixable":4,"summary":{"Critical":1,"High":%d,"Medium":2,"Low":3,"Negligible":5,"Unknown":6,"None":7}},
			"scanner":{"name":"Trivy"}}`, status, end, high)
	}
	const earlier, later = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00.123Z"
	at := func(s string) time.Time { t, _ := time.Parse(time.RFC3339, s); return t }
	want := func(end string, high int) *Vulnerabilities {
		return &Vulnerabilities{Severity: "High", Critical: 1, High: high, Medium: 2, Low: 3, Negligible: 5, Unknown: 6, Fixable: 4, At: at(end)}
	}
	for _, test := range []struct {
		overview string
		want     *Vulnerabilities
	}{
		{`{"a":` + report("Success", earlier, 1) + `}`, want(earlier, 1)},
		{`{"a":` + report("Success", earlier, 1) + `,"b":` + report("Success", later, 2) + `}`, want(later, 2)},
		{`{"a":` + report("Running", later, 1) + `,"b":` + report("Success", earlier, 2) + `}`, want(earlier, 2)},
		{`{"a":` + report("Error", later, 1) + `}`, nil},
		{`{}`, nil},
		{`null`, nil},
		{`[1]`, nil},
		{`{"a":{"scan_status":"Success","summary":{"fixable":"x","summary":{"High":-1}},"end_time":7}}`, &Vulnerabilities{}},
	} {
		require.Equal(t, test.want, one(t, `"scan_overview":`+test.overview).Vulnerabilities, test.overview)
	}
}

func TestTimes(t *testing.T) {
	require.True(t, one(t, `"push_time":"0001-01-01T00:00:00.000Z"`).PushTime.IsZero(), "never, as recorded")
	require.True(t, one(t, `"push_time":null`).PushTime.IsZero())
	require.Equal(t, time.Date(2026, 11, 23, 4, 58, 11, 548e6, time.UTC), one(t, `"push_time":"2026-11-23T05:58:11.548+01:00"`).PushTime)
}

func TestTagsThatAreNone(t *testing.T) {
	a := one(t, `"tags":[{"name":"ok"},{"name":""},{"name":"a b"},{"name":"-x"},{}]`)
	require.Equal(t, []Tag{{Name: "ok"}}, a.Tags)
}

// An escaped key is the key that it spells.
func TestEscapedKeys(t *testing.T) {
	require.Equal(t, "IMAGE", one(t, `"t\u0079pe":"IMAGE"`).Type)
}

// A reader is lent again: nothing of a text that failed may show in the next.
func TestReaderAfterAFailure(t *testing.T) {
	r := newReader()
	for _, text := range []string{"[", `[{"digest":`, "null", `[{"a":1,"a":2}]`, "\xff"} {
		_, err := decodePage(r, []byte(text))
		require.Error(t, err, text)
		list, err := decodePage(r, []byte("[]"))
		require.NoError(t, err, text)
		require.Empty(t, list)
	}
}

// decoders reads a text as each kind of list there is.
var decoders = []func(*reader) (names []string, n int, err error){
	func(r *reader) (names []string, n int, err error) {
		list, n, err := rows(r, 1, func(r *reader, a *Artifact) bool { readArtifact(r, a); return true })
		for _, a := range list {
			names = append(names, a.Repository, a.Digest, a.Type, a.MediaType, a.Buildpack.Stack, a.Buildpack.RunImage, a.Buildpack.RunImageName)
			names = append(append(names, a.Labels...), a.Platforms...)
			for _, t := range a.Tags {
				names = append(names, t.Name)
			}
		}
		return names, n, err
	},
	func(r *reader) (names []string, n int, err error) {
		list, n, err := rows(r, 1, readRepository)
		for _, row := range list {
			names = append(names, row.Name)
		}
		return names, n, err
	},
	func(r *reader) (names []string, n int, err error) {
		list, n, err := rows(r, 1, readProject)
		for _, row := range list {
			names = append(names, row.Name)
		}
		return names, n, err
	},
}

// FuzzDecoders feeds any text to the decoders: they never panic, what they
// accept is a list in valid UTF-8, and a reader that met an error is as good as
// new. (What inputs cover varies with the pools of the packages below, so run it
// with -fuzzminimizetime 1x.)
func FuzzDecoders(f *testing.F) {
	for _, name := range []string{"artifacts.index", "projects.page1", "all-repositories.page1"} {
		f.Add(compact(f, name+".json"))
	}
	for _, text := range []string{"null", "[]", "[null]", `[{"digest":"a","digest":"b"}]`, "[\"\xff\"]", `[{"extra_attrs":{"config":{"Labels":{"io.buildpacks.lifecycle.metadata":"{\"runImage\":{"}}}}]`} {
		f.Add([]byte(text))
	}
	shared := newReader()
	f.Fuzz(func(t *testing.T, text []byte) {
		for kind, decode := range decoders {
			shared.reset(strings.NewReader(string(text)))
			names, n, err := decode(shared)
			fresh := newReader()
			fresh.reset(strings.NewReader(string(text)))
			again, m, errAgain := decode(fresh)
			require.Equal(t, again, names, kind)
			require.Equal(t, m, n, kind)
			require.Equal(t, errAgain == nil, err == nil, kind)
			if err != nil {
				continue
			}
			require.True(t, utf8.Valid(text), kind)
			var list []any
			require.NoError(t, json.Unmarshal(text, &list), kind)
			require.NotNil(t, list, kind)
			require.Len(t, list, n, kind)
			for _, name := range names {
				require.True(t, utf8.ValidString(name), kind)
			}
		}
	})
}

// FuzzLabel feeds any text to what reads a label: it never panics and ends.
func FuzzLabel(f *testing.F) {
	for _, text := range []string{"", "{", "}", `{"runImage":{"reference":"r"}}`, `{"a":"\"`, `{"a":}`, `{,,,}`, `{"stack":{"runImage":{"image":"i"}}`, `[[[[`, `{"a"`, "{\"a\":1\\"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r := newReader()
		r.reset(strings.NewReader(label(text)))
		var b Buildpack
		readLifecycle(r, &b)
		require.NoError(t, r.end())
		for _, s := range []string{b.RunImage, b.RunImageName} {
			require.True(t, s == "" || plainWord(s), "%q", s)
			require.Contains(t, text, s)
		}
	})
}
