package harbortest_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
)

// A receiver that fails is asked again, three times in all, and then not any more.
func TestWebhookRetries(t *testing.T) {
	for _, tt := range []struct {
		fail, tries, taken int
	}{{0, 1, 1}, {1, 2, 1}, {2, 3, 1}, {3, 3, 0}} {
		s := harbortest.Start(t, harbortest.StartOptions{Options: harbortest.Options{
			WebhookRetries: []time.Duration{time.Millisecond, time.Millisecond},
		}})
		s.AddProject("tool-a", harbortest.Public)
		hook := startReceiver(t)
		hook.fail = tt.fail
		s.AddWebhook("tool-a", harbortest.Webhook{Address: hook.URL, Events: []string{harbortest.EventPush}})
		_, err := s.Push("tool-a/web", "latest", harbortest.Profile{})
		require.NoError(t, err)
		require.NoError(t, s.Pull("tool-a/web", "latest", 1), "no event of a kind that is not wanted")
		require.NoError(t, s.WaitDelivered(t.Context()))
		require.Len(t, s.Deliveries(), tt.tries)
		last := s.Deliveries()[tt.tries-1]
		require.Equal(t, tt.tries, last.Attempt)
		require.Equal(t, harbortest.EventPush, last.Event)
		require.Len(t, hook.take(), tt.taken)
	}
}

// An answer does not wait for its event, and closing ends deliveries under way.
func TestWebhooksAreBehindTheRequest(t *testing.T) {
	s := harbortest.Start(t, harbortest.StartOptions{Options: harbortest.Options{WebhookDelay: time.Hour}})
	s.AddProject("tool-a", harbortest.Public)
	id := s.AddWebhook("tool-a", harbortest.Webhook{Address: "http://127.0.0.1:1/"})
	asAdmin(t, s).push("tool-a/web:1", image(t, imageOptions{}))
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, s.WaitDelivered(ended), context.Canceled)
	s.RemoveWebhook(id)
	s.Close()
	require.NoError(t, s.WaitDelivered(t.Context()))
	require.Empty(t, s.Deliveries())
	asAdmin(t, s).must(http.StatusOK, http.MethodGet, "/v2/tool-a/web/tags/list", nil)
}
