package harbor

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"
)

// recordings are what a real Harbor 2.15.2 answered.
const recordings = "../../testdata/harbor"

// plainArtifact is the fields of an Artifact for encoding/json.
type plainArtifact struct {
	Repository string    `json:"repository_name"`
	Digest     string    `json:"digest"`
	Type       string    `json:"type"`
	MediaType  string    `json:"media_type"`
	Size       int64     `json:"size"`
	PushTime   time.Time `json:"push_time"`
	Tags       []struct {
		Name     string    `json:"name"`
		PushTime time.Time `json:"push_time"`
	} `json:"tags"`
	Attributes struct {
		OS           string `json:"os"`
		Architecture string `json:"architecture"`
		Config       struct {
			Labels struct {
				Stack     string `json:"io.buildpacks.stack.id"`
				Lifecycle string `json:"io.buildpacks.lifecycle.metadata"`
			}
		} `json:"config"`
	} `json:"extra_attrs"`
	References []struct {
		Platform struct {
			OS           string `json:"os"`
			Architecture string `json:"architecture"`
			Variant      string `json:"variant"`
		} `json:"platform"`
	} `json:"references"`
}

type plainLifecycle struct {
	RunImage struct {
		Reference string `json:"reference"`
		Image     string `json:"image"`
	} `json:"runImage"`
}

// decodePlain does with encoding/json what rows does.
func decodePlain(text []byte) (list []plainArtifact, err error) {
	if err = json.NewDecoder(bytes.NewReader(text)).Decode(&list); err != nil {
		return nil, err
	}
	for _, a := range list {
		if label := a.Attributes.Config.Labels.Lifecycle; label != "" {
			var l plainLifecycle
			if err := json.Unmarshal([]byte(label), &l); err != nil {
				return nil, err
			}
		}
	}
	return list, nil
}

func decodePage(r *reader, text []byte) ([]Artifact, error) {
	r.reset(bytes.NewReader(text))
	list, _, err := rows(r, PageSize, func(r *reader, a *Artifact) bool {
		readArtifact(r, a)
		return true
	})
	return list, err
}

// compact undoes the recording's indentation: Harbor writes none.
func compact(tb testing.TB, name string) []byte {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join(recordings, name))
	require.NoError(tb, err)
	v := jsontext.Value(text)
	require.NoError(tb, v.Compact())
	return v
}

// buildpackPage is the recorded page with the labels of buildpack images, which
// make an artifact 5 KB, most of it escaped JSON.
func buildpackPage(tb testing.TB) []byte {
	tb.Helper()
	var list []map[string]any
	require.NoError(tb, json.Unmarshal(compact(tb, "artifacts.many.page_size-100.json"), &list))
	layer := `{"sha":"sha256:` + strings.Repeat("0a", 32) + `","build":false,"launch":true,"cache":false,"data":{"stack":"heroku-22"}}`
	buildpack := `{"key":"heroku/python","version":"0.1.2","layers":{"python":` + layer + `,"dependencies":` + layer + `}}`
	metadata := `{"app":[` + layer + `],"buildpacks":[` + strings.Join(slices.Repeat([]string{buildpack}, 8), ",") +
		`],"launcher":` + layer + `,"runImage":{"topLayer":"sha256:b","reference":"run.example/run@sha256:c","image":"run.example/run:22"}}`
	for _, a := range list {
		config := a["extra_attrs"].(map[string]any)["config"].(map[string]any)
		config["Labels"] = map[string]string{"io.buildpacks.stack.id": "heroku-22", "io.buildpacks.lifecycle.metadata": metadata}
	}
	text, err := json.Marshal(list)
	require.NoError(tb, err)
	return text
}

// BenchmarkArtifactPage decodes a page of 100 artifacts, here and with
// encoding/json into the same fields, in turns, and reports the ratio of the two
// (of the fastest tenth of the turns: whoever else uses the machine only ever
// makes one slower).
func BenchmarkArtifactPage(b *testing.B) {
	for _, page := range []struct {
		name string
		text []byte
	}{
		{"recorded", compact(b, "artifacts.many.page_size-100.json")},
		{"buildpack", buildpackPage(b)},
	} {
		b.Run(fmt.Sprintf("%s-%dKB", page.name, len(page.text)/1000), func(b *testing.B) {
			r := newReader()
			var ours, theirs []time.Duration
			b.SetBytes(int64(len(page.text)))
			for b.Loop() {
				ours = append(ours, timed(b, func() (int, error) { l, err := decodePage(r, page.text); return len(l), err }))
				theirs = append(theirs, timed(b, func() (int, error) { l, err := decodePlain(page.text); return len(l), err }))
			}
			b.ReportMetric(float64(fastest(theirs))/float64(fastest(ours)), "times-encoding/json")
			b.ReportMetric(float64(fastest(ours).Nanoseconds()), "ns/page")
		})
	}
}

func timed(b *testing.B, decode func() (int, error)) time.Duration {
	start := time.Now()
	n, err := decode()
	d := time.Since(start)
	if err != nil || n != PageSize {
		b.Fatal(n, err)
	}
	return d
}

func fastest(times []time.Duration) time.Duration {
	slices.Sort(times)
	times = times[:(len(times)+9)/10]
	var sum time.Duration
	for _, t := range times {
		sum += t
	}
	return sum / time.Duration(len(times))
}
