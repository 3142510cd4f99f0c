package resolver_test

import (
	"log/slog"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
)

var (
	aRefresh = regexp.MustCompile(` refresh=(\d+)$`)
	noTimes  = regexp.MustCompile(`^time=\S+ | took=\S+`)
)

// Each line of a refresh ends with its number, and what came of it has the same
// one: who looks for a number reads what happened, and nothing else.
func TestOneRefreshIsOneStory(t *testing.T) {
	var text logbook
	log := slog.New(slog.NewTextHandler(&text, &slog.HandlerOptions{Level: slog.LevelDebug}))
	host := &switched{now: present("sha256:a")}
	r := start(t, offering(images(map[string]string{"one": "b.example/one:latest"})),
		sources(map[string]live{"b.example": host.ask}), resolver.Options{Logger: log})
	require.NoError(t, r.Refresh(t.Context()))
	host.to(unreachable)
	require.NoError(t, r.RefreshHosts(t.Context()))
	host.to(present("sha256:b"))
	require.NoError(t, r.RefreshHosts(t.Context()))

	stories := map[string][]string{}
	for _, line := range text.take() {
		found := aRefresh.FindStringSubmatch(line)
		require.NotNil(t, found, line)
		words := noTimes.ReplaceAllString(aRefresh.ReplaceAllString(line, ""), "")
		message, _, _ := strings.Cut(strings.SplitN(words, "msg=", 2)[1], `" `)
		stories[found[1]] = append(stories[found[1]], strings.Trim(message, `"`))
	}
	require.Contains(t, stories, "1")
	require.Equal(t, []string{"catalog taken into use", "snapshot published"}, stories["1"], "it waited for its host, and is the same story")
	rest := []string{}
	for number, story := range stories {
		if number != "1" {
			rest = append(rest, strings.Join(story, ", "))
		}
	}
	require.Subset(t, []string{
		"registry asked",
		"a registry cannot be asked; what it answered before stays, snapshot published",
		"a registry answers again, snapshot published",
	}, rest)
	require.Contains(t, rest, "a registry answers again, snapshot published")
}
