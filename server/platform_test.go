package server_test

import (
	"context"
	"io"
	"log"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	hosts "gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbor"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// harborHost is the Harbor of all tests, as pods name it.
const harborHost = "harbor.test"

// toolSample is a catalog whose names sort before, between and behind the
// projects of tools, and that knows a stack.
const toolSample = `formatVersion: "1.0"
images:
  bookworm: {state: stable, image: one.test/bookworm}
  tool: {state: stable, image: one.test/tool}
  tool-b: {state: deprecated, image: one.test/tool-b, aliases: [old]}
  tool-c.x: {state: beta, image: one.test/tool-c.x}
  tool/x: {state: stable, image: one.test/tool/x}
  toolforge: {state: stable, image: one.test/toolforge, variants: {webservice: {image: one.test/toolforge-web}}}
  zz: {state: stable, image: one.test/zz}
stacks:
  heroku-20: {state: deprecated, replacedBy: heroku-24}
  heroku-24: {state: stable}
`

// standardNames are the images of toolSample.
var standardNames = []string{"bookworm", "tool", "tool-b", "tool-c.x", "tool/x", "toolforge", "zz"}

// platform is a service whose tools' images are in a stand-in for Harbor.
type platform struct {
	*service
	harbor    *harbortest.Server
	inventory *inventory.Inventory
}

// startHarbor starts a stand-in with an account that may read everything, and
// an inventory of it. Every round proves anew what is private.
func startHarbor(t testing.TB, opts harbortest.StartOptions) (*harbortest.Server, *inventory.Inventory) {
	t.Helper()
	h := harbortest.Start(t, opts)
	return h, inventoryOf(t, h)
}

func inventoryOf(t testing.TB, h *harbortest.Server) *inventory.Inventory {
	t.Helper()
	return inventoryAs(t, h, h.AddRobot("bayplan", "for-tests-only", harbortest.ReaderPermissions()...))
}

// inventoryAs is an inventory that asks with an account of the stand-in; nobody
// in particular if it has no name.
func inventoryAs(t testing.TB, h *harbortest.Server, account string) *inventory.Inventory {
	t.Helper()
	return inventoryWith(t, h, account, inventory.Options{ProofEvery: 1})
}

func inventoryWith(t testing.TB, h *harbortest.Server, account string, opts inventory.Options) *inventory.Inventory {
	t.Helper()
	credential := hosts.Credential{Username: account, Password: "for-tests-only"}
	if account == "" {
		credential = hosts.Credential{}
	}
	directory, err := hosts.New(map[string]hosts.Config{harborHost: {URL: h.URL, Kind: hosts.Harbor, Concurrency: 64}}, hosts.Options{
		Credentials: func(context.Context, string) (hosts.Credential, error) {
			return credential, nil
		},
	})
	require.NoError(t, err)
	t.Cleanup(directory.CloseIdle)
	client := harbor.New(directory.For(harborHost), harbor.Options{
		Wait: func(context.Context, time.Duration) error { return nil },
	})
	return inventory.New(harborHost, client, opts)
}

// startPlatform fills a Harbor with images ("tool-x/app:tag"; a name that begins
// with "!" is of a private project) and serves them.
func startPlatform(t testing.TB, s setup, images ...string) *platform {
	t.Helper()
	h, users := startHarbor(t, harbortest.StartOptions{})
	for _, image := range images {
		pushUser(t, h, image)
	}
	if s.values == "" {
		s.values = toolSample
	}
	s.users = users
	return &platform{service: start(t, s), harbor: h, inventory: users}
}

// pushUser pushes "tool-x/app:tag" and gives its digest.
func pushUser(t testing.TB, h *harbortest.Server, image string) string {
	t.Helper()
	visibility := harbortest.Public
	if image[0] == '!' {
		image, visibility = image[1:], harbortest.Private
	}
	project, repository, tag := splitUser(t, image)
	h.AddProject(project, visibility)
	digest, err := h.Push(project+"/"+repository, tag, harbortest.Profile{})
	require.NoError(t, err)
	return digest
}

// round lets the inventory ask once for what changed.
func (p *platform) round(t testing.TB) {
	t.Helper()
	require.NoError(t, p.resolver.RefreshUsers(t.Context()))
}

// toolNames asks for a tool's list and gives its short names in order.
func (e *endpoint) toolNames(t testing.TB, tool, query string, headers ...string) []string {
	t.Helper()
	return namesOf(e.toolList(t, tool, query, headers...))
}

// toolList asks for a tool's list in that tool's name.
func (e *endpoint) toolList(t testing.TB, tool, query string, headers ...string) answer {
	t.Helper()
	return e.get(t, "/v1/tool/"+tool+"/images"+query, append([]string{"X-Toolforge-Tool", tool}, headers...)...)
}

// namesOf gives the short names of a list in order.
func namesOf(a answer) []string {
	a.t.Helper()
	out := []string{}
	for _, image := range into[api.ImagesAnswer](a, http.StatusOK).Images {
		out = append(out, image.ShortName)
	}
	return out
}

// splitUser takes "tool-x/a/b:tag" apart.
func splitUser(t testing.TB, image string) (project, repository, tag string) {
	t.Helper()
	project, rest, ok := strings.Cut(image, "/")
	require.True(t, ok, image)
	repository, tag, ok = strings.Cut(rest, ":")
	require.True(t, ok, image)
	return project, repository, tag
}

// discard is a log for what is done on purpose.
func discard() *log.Logger { return log.New(io.Discard, "", 0) }
