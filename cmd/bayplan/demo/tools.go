package demo

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
)

// harborHost is Toolforge's Harbor, as pods name it.
const harborHost = "tools-harbor.wmcloud.org"

// The account that asks the demo's Harbor. Both are for this process alone.
const (
	robotName   = "bayplan"
	robotSecret = "for-the-demo-only"
)

// tools are the Harbor projects of a few tools that do not exist, with what
// their users built: repository, tags. The last one is private.
var tools = []struct {
	project    string
	visibility harbortest.Visibility
	images     []string
}{
	{"tool-alpha", harbortest.Public, []string{"alpha:latest", "alpha:2026.10", "worker:latest"}},
	{"tool-beta", harbortest.Public, []string{"beta:latest"}},
	{"tool-a-char.sep-b", harbortest.Public, []string{"web/frontend:latest", "web/api:latest"}},
	{"tool-gamma", harbortest.Private, []string{"gamma:latest"}},
}

// Pusher is the account of somebody who works on the tool alpha: it may change
// what that project holds, and nothing else.
const (
	PusherName   = "alpha"
	PusherSecret = "let-me-in"
)

// startHarbor starts a stand-in for Harbor with what tools' users built.
func (d *Demo) startHarbor(ctx context.Context) error {
	h := harbortest.New(harbortest.Options{})
	account := h.AddRobot(robotName, robotSecret, harbortest.ReaderPermissions()...)
	h.AddUser(PusherName, PusherSecret, "tool-alpha")
	for _, tool := range tools {
		h.AddProject(tool.project, tool.visibility)
		for _, image := range tool.images {
			repository, tag, _ := strings.Cut(image, ":")
			if _, err := h.Push(tool.project+"/"+repository, tag, harbortest.Profile{}); err != nil {
				return fmt.Errorf("push %s/%s: %w", tool.project, image, err)
			}
		}
	}
	address, err := d.listen(ctx, h)
	if err != nil {
		return errors.Join(err, closeHarbor(h))
	}
	d.closers = append(d.closers, func() error { return closeHarbor(h) })
	d.Registries[harborHost] = endpoint.Config{URL: "http://" + address, Kind: endpoint.Harbor}
	d.Credentials = func(_ context.Context, asked string) (endpoint.Credential, error) {
		if asked != address {
			return endpoint.Credential{}, nil
		}
		return endpoint.Credential{Username: account, Password: robotSecret}, nil
	}
	return nil
}

func closeHarbor(h *harbortest.Harbor) error {
	h.Close()
	return nil
}
