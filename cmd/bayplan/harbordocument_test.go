package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/registrytest"
)

// The commands of docs/harbor.md are run in their order, as they stand but for
// the names of the hosts, and the settings in it are what bayplan is started
// with.
func TestHarborDocument(t *testing.T) {
	for _, name := range []string{"curl", "oras", "base64", "sed"} {
		registrytest.Tool(t, name)
	}
	text, err := os.ReadFile("../../docs/harbor.md")
	require.NoError(t, err)
	h, session := documentSession(t)
	said := map[string]string{}
	for _, command := range fenced(string(text), "console") {
		if strings.HasPrefix(command, "bayplan serve ") {
			settings := fenced(string(text), "yaml")
			require.Len(t, settings, 1)
			session.settings(settings[0])
			session.serve(command)
			continue
		}
		said[command] = session.run(command)
	}
	require.Len(t, said, 16)
	for part, want := range map[string]string{
		"the-secret":           "cm9ib3QkYmF5cGxhbjp0aGUtc2VjcmV0",
		"oras login":           "Login Succeeded",
		"/v1/catalog":          `"plan":"incremental","version":"v2.15.2","identity":"robot"`,
		"--type buildservice":  "tool-alpha/worker:latest ",
		"--tool alpha":         "tool-alpha/worker:latest ",
		"bayplan resolve":      "tool-alpha/alpha:latest ",
		"Tool: gamma":          `"short_name":"tool-gamma/gamma:latest"`,
		"no-cache":             `"short_name":"tool-alpha/alpha:latest"`,
		"policies\x00":         `"payload_format":"CloudEvents"`,
		"webhook_events_total": `bayplan_webhook_events_total{outcome="heeded"} `,
		`kind="users"`:         `bayplan_source_up{kind="users",source="` + h + `"} 1`,
	} {
		found := false
		for command, out := range said {
			if strings.Contains(command+"\x00", part) { // the end of a command is a place too
				found = true
				require.Contains(t, out, want, command)
			}
		}
		require.True(t, found, part)
	}
	require.NotContains(t, session.service.output(), "level=WARN")
}

// documentSession starts a Harbor that has what the document speaks of, and gives
// its host.
func documentSession(t *testing.T) (host string, session *documentRun) {
	h := harbortest.New(harbortest.Options{})
	host, session = newDocumentRun(t, h)
	replace(t, filepath.Join(session.dir, ".netrc"), "machine 127.0.0.1 login admin password Harbor12345\n")
	fillHarbor(t.Fatalf, h)
	h.Revoke("robot$bayplan") // the document makes it
	withPlatform(t, h, host, endpoint.Config{CAFile: session.ca})
	session.before = func(command string) { // one that waits for an event gets it first
		if strings.Contains(command, "bayplan_webhook_events_total") {
			_, err := h.Push("tool-alpha/alpha", "latest", harbortest.Profile{})
			require.NoError(t, err)
			require.NoError(t, h.WaitDelivered(t.Context()))
		}
	}
	return host, session
}

// What the document says that the robot may do is what TestLeastRights tries.
func TestHarborDocumentGivesTheLeastRights(t *testing.T) {
	text, err := os.ReadFile("../../docs/harbor.md")
	require.NoError(t, err)
	var given []string
	for _, m := range regexp.MustCompile(`\{"resource": "([a-z-]+)", "action": "([a-z]+)"\}`).FindAllStringSubmatch(string(text), -1) {
		given = append(given, m[1]+":"+m[2])
		require.Contains(t, string(text), "\n| `"+m[1]+": "+m[2]+"` |")
	}
	require.Equal(t, leastRights, given)
}
