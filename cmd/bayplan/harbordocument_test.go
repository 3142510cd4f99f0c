package main

import (
	"encoding/pem"
	"net/http/httptest"
	"os"
	"os/exec"
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
			session.serve(command, settings[0])
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

// fenced gives what stands in the fenced blocks of a language: of a console its
// commands, each with the lines that go on with it.
func fenced(text, language string) []string {
	var out []string
	for _, block := range regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```$").FindAllStringSubmatch(text, -1) {
		if language != "console" {
			out = append(out, block[1])
			continue
		}
		for _, command := range strings.Split("\n"+block[1], "\n$ ")[1:] {
			out = append(out, strings.TrimSpace(command))
		}
	}
	return out
}

// documentRun runs commands in a folder of their own.
type documentRun struct {
	t       *testing.T
	dir     string
	env     []string
	names   []string // hosts in the document, and here
	harbor  *harbortest.Harbor
	service *service
}

// documentSession starts a Harbor over TLS and gives its host.
func documentSession(t *testing.T) (host string, session *documentRun) {
	h := harbortest.New(harbortest.Options{})
	t.Cleanup(h.Close)
	server := httptest.NewTLSServer(writesOf(h))
	t.Cleanup(server.Close)
	host = strings.TrimPrefix(server.URL, "https://")
	dir := t.TempDir()
	ca := filepath.Join(dir, "ca.pem")
	replace(t, ca, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})))
	replace(t, filepath.Join(dir, ".netrc"), "machine 127.0.0.1 login admin password Harbor12345\n")
	fillHarbor(t.Fatalf, h)
	h.Revoke("robot$bayplan") // the document makes it
	withPlatform(t, h, host, endpoint.Config{CAFile: ca})
	return host, &documentRun{
		t: t, dir: dir, harbor: h, names: []string{"harbor.example", host, "127.0.0.1:8080", "127.0.0.1:0"},
		env: []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "SSL_CERT_FILE=" + ca, "CURL_CA_BUNDLE=" + ca},
	}
}

func (r *documentRun) here(text string) string { return strings.NewReplacer(r.names...).Replace(text) }

// run runs a command as somebody who typed it would. One that waits for an event
// gets it first.
func (r *documentRun) run(command string) string {
	r.t.Helper()
	if strings.Contains(command, "bayplan_webhook_events_total") {
		_, err := r.harbor.Push("tool-alpha/alpha", "latest", harbortest.Profile{})
		require.NoError(r.t, err)
		require.NoError(r.t, r.harbor.WaitDelivered(r.t.Context()))
	}
	cmd := exec.CommandContext(r.t.Context(), "sh", "-e", "-c", r.here(command))
	cmd.Dir, cmd.Env = r.dir, r.env
	out, err := cmd.CombinedOutput()
	require.NoError(r.t, err, "%s\n%s", command, out)
	return string(out)
}

// serve runs bayplan with the settings of the document until the test ends.
func (r *documentRun) serve(command, settings string) {
	r.t.Helper()
	name := regexp.MustCompile(`^# (\S+)`).FindStringSubmatch(settings)
	require.NotNil(r.t, name, "the settings begin with the name of their file")
	replace(r.t, filepath.Join(r.dir, name[1]), r.here(settings))
	words := strings.Fields(command)
	cmd := exec.CommandContext(r.t.Context(), "env", words...)
	cmd.Dir, cmd.Env = r.dir, r.env
	s, err := start(cmd)
	require.NoError(r.t, err)
	r.t.Cleanup(s.kill)
	r.service = s
	address := s.said(r.t, mainLine)
	s.said(r.t, isReady)
	r.names = append(r.names, "localhost:8080", strings.TrimPrefix(address, "http://"), "https://bayplan.example", address)
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
