package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/registrytest"
)

// A version whose chart is gone from the registry is a warning, and of its changes
// and those of the version above nothing is said; and with --brief no chart is
// fetched at all.
func TestVersionsThatCannotBeRead(t *testing.T) {
	registry := registrytest.InProcess(t)
	host := strings.TrimPrefix(registry.URL, "http://")
	repository := "oci://" + host + "/toolforge/image-config"
	command := func(code int, args ...string) (out, messages string) {
		t.Helper()
		var o, m bytes.Buffer
		got := run(t.Context(), append(args, "--registry", host+"="+registry.URL), streams{out: &o, err: &m})
		require.Equal(t, code, got, "%s", &m)
		return o.String(), m.String()
	}
	chart := t.TempDir()
	replace(t, chart+"/values.yaml", "formatVersion: \"1.0\"\nimages:\n  a: {state: stable, image: one.example/a, variants: {}}\n")
	layers := map[string]string{}
	for _, version := range []string{"1.0.0", "1.1.0", "1.2.0", "1.3.0"} {
		replace(t, chart+"/Chart.yaml", "apiVersion: v2\nname: image-config\nversion: "+version+"\n")
		out, _ := command(exitDone, "publish", chart, repository, "--default-type", "", "-o", "json")
		var published struct {
			Archive string `json:"archive_digest"`
		}
		require.NoError(t, json.Unmarshal([]byte(out), &published))
		layers[version] = published.Archive
	}
	registry.Hook(func(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		if !strings.HasSuffix(r.URL.Path, layers["1.1.0"]) {
			return false
		}
		w.WriteHeader(http.StatusNotFound)
		return true
	})
	out, messages := command(exitDone, "versions", repository, "-o", "json")
	require.Equal(t, 1, strings.Count(messages, "version 1.1.0 cannot be read: "), messages)
	var answer versionsResult
	require.NoError(t, json.Unmarshal([]byte(out), &answer))
	var said []string
	for _, v := range answer.Versions {
		said = append(said, v.Version.Version+" "+v.signedText()+" "+v.changesText())
	}
	require.Equal(t, []string{"1.3.0 no none", "1.2.0 no -", "1.1.0 - -", "1.0.0 no -"}, said)

	registry.Forget()
	_, messages = command(exitDone, "versions", repository, "--brief")
	require.Empty(t, messages)
	for _, r := range registry.Requests() {
		require.NotContains(t, r.Path, "/blobs/")
	}
}
