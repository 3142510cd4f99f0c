package demo

import (
	"fmt"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
)

// harborHost is Toolforge's Harbor, as pods name it.
const harborHost = "tools-harbor.wmcloud.org"

// oldStack is one that the sample catalog calls deprecated.
const oldStack = "heroku-22"

// tools are the Harbor projects of a few tools that do not exist, with what
// their users built: repository, tags. The last one is private.
var tools = []struct {
	project    string
	visibility harbortest.Visibility
	images     []string
	stack      string // "" for the newest
	daysAgo    int    // when that was
}{
	{"tool-alpha", harbortest.Public, []string{"alpha:latest", "alpha:2026.10", "worker:latest"}, "", 12},
	{"tool-beta", harbortest.Public, []string{"beta:latest"}, oldStack, 412},
	{"tool-a-char.sep-b", harbortest.Public, []string{"web/api:latest"}, oldStack, 230},
	{"tool-a-char.sep-b", harbortest.Public, []string{"web/frontend:latest"}, "", 40},
	{"tool-gamma", harbortest.Private, []string{"gamma:latest"}, oldStack, 300},
}

// markers are what the owners of a tool say of one of its repositories.
var markers = []string{"state-beta", "aliases-crawler", "wstype-python"}

// Pusher is the account of somebody who works on the tool alpha: it may change
// what that project holds, and nothing else.
const (
	PusherName   = "alpha"
	PusherSecret = "let-me-in"
)

// fill puts the tools' images into the Harbor.
func fill(h *harbortest.Harbor, clock *clock) error {
	defer clock.back(0)
	h.AddUser(PusherName, PusherSecret, "tool-alpha")
	for _, tool := range tools {
		clock.back(tool.daysAgo)
		h.AddProject(tool.project, tool.visibility)
		for _, image := range tool.images {
			repository, tag, _ := strings.Cut(image, ":")
			if _, err := h.Push(tool.project+"/"+repository, tag, harbortest.Profile{StackID: tool.stack}); err != nil {
				return fmt.Errorf("push %s/%s: %w", tool.project, image, err)
			}
		}
	}
	clock.back(0)
	for _, tag := range markers {
		if err := h.Tag("tool-alpha/worker", "latest", tag); err != nil {
			return err
		}
	}
	return nil
}
