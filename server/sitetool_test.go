package server_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
)

// The owner of a tool learns at a glance which of its images stand on a stack
// that is on its way out, and what to do about it.
func TestATool(t *testing.T) {
	p := startPlatform(t, setup{}, "tool-a--b/app:latest", "tool-fine/app:latest")
	_, err := p.harbor.Push("tool-a-char.sep-b/old", "latest", harbortest.Profile{StackID: "heroku-20"})
	if err != nil { // the project's name is Harbor's own
		p.harbor.AddProject("tool-a-char.sep-b", harbortest.Public)
		_, err = p.harbor.Push("tool-a-char.sep-b/old", "latest", harbortest.Profile{StackID: "heroku-20"})
	}
	require.NoError(t, err)
	_, err = p.harbor.Push("tool-a-char.sep-b/new", "latest", harbortest.Profile{})
	require.NoError(t, err)
	p.round(t)

	page := p.page(t, "/tools/a--b", http.StatusOK)
	require.Contains(t, page.text(), "1 of its 2 public images stands on a deprecated stack: it has to be built again.")
	todo := page.rows("todo")
	require.Len(t, todo, 1)
	require.Contains(t, todo[0], "tool-a-char.sep-b/old:latest Image tool-a-char.sep-b/old:latest stands on heroku-20, which is deprecated: build it again on heroku-24.")
	require.Contains(t, page.text(), "Check that your code works on heroku-24, which takes the place of heroku-20.")
	require.Contains(t, page.codes(), "toolforge build start https://ADDRESS-OF-ITS-REPOSITORY")
	rest := page.rows("rest")
	require.Len(t, rest, 1)
	require.Contains(t, rest[0], "tool-a-char.sep-b/new:latest")
	require.Contains(t, rest[0], "not scanned")
	require.Contains(t, page.text(), "Only public images are shown here.")

	page = p.page(t, "/tools/fine", http.StatusOK)
	require.Contains(t, page.text(), "None of its 1 public image stands on a deprecated stack.")
	require.Empty(t, page.rows("todo"))
}

// Empty, unknown and never asked are three answers.
func TestToolsOfWhichNothingIsShown(t *testing.T) {
	p := startPlatform(t, setup{}, "tool-a/app:latest")
	require.Contains(t, p.page(t, "/tools/nobody", http.StatusNotFound).text(), "Either the tool has built nothing, or what it built is private")
	require.Contains(t, p.page(t, "/tools/No%20Name", http.StatusNotFound).text(), "That is no tool's name")

	h, users := startHarbor(t, harbortest.StartOptions{})
	h.Fault(harbortest.Any, harbortest.Status(http.StatusInternalServerError))
	s := start(t, setup{values: toolSample, users: users, cold: true})
	_ = s.resolver.Refresh(t.Context()) // the source fails
	page := s.page(t, "/tools/nobody", http.StatusOK)
	require.Contains(t, page.text(), "What this tool built is not known: the registry of tools' images has not answered yet.")
	require.Contains(t, page.Find(".banner").Text(), "images that tools built")
}

// The form works without the script, under any prefix.
func TestToolsAreFound(t *testing.T) {
	p := startPlatform(t, setup{}, "tool-a/app:latest", "!tool-secret/app:latest")
	require.Contains(t, p.page(t, "/tools", http.StatusOK).text(), "1 tool with 1 public image is known.")
	for typed, to := range map[string]string{"a": "tools/a", "+tools.A+": "tools/a", "a--b": "tools/a--b"} {
		a := rawAsk(t, p.endpoint, http.MethodGet, "/tools?name="+typed)
		require.Equal(t, http.StatusSeeOther, a.status)
		require.Equal(t, to, a.header.Get("Location"))
	}
	for _, odd := range []string{"%3Cb%3E", "..", "a%2Fb", "%ff", "%zz"} {
		p.page(t, "/tools?name="+odd, http.StatusOK)
	}
	require.Equal(t, "“<b>” is no tool's name: those have small letters, digits, - and _, and begin with a letter.", spaced(p.page(t, "/tools?name=%3Cb%3E", http.StatusOK).Find("#wrong")))
}
