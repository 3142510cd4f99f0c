package harbortest_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
)

// Everything may be changed while everything is read: the race detector watches,
// and in the end all is there.
func TestChangesWhileReading(t *testing.T) {
	s := harbortest.Start(t, harbortest.StartOptions{})
	seeded := s.Seed(harbortest.Seed{Projects: 8})
	hook := startReceiver(t)
	const rounds = 25
	group, ctx := errgroup.WithContext(t.Context())
	for i, name := range seeded {
		s.AddWebhook(fmt.Sprintf("tool-%06d", i), harbortest.Webhook{Address: hook.URL})
		group.Go(func() error { return change(s, name, rounds) })
		group.Go(func() error { return look(ctx, s, rounds) })
	}
	require.NoError(t, group.Wait())
	require.NoError(t, s.WaitDelivered(t.Context()))
	for _, name := range seeded {
		info, ok := s.Repository(name)
		require.True(t, ok)
		require.Len(t, info.Artifacts, rounds+1)
		require.EqualValues(t, rounds, info.PullCount)
	}
}

func change(s *harbortest.Server, name string, rounds int) error {
	for range rounds {
		digest, err := s.Push(name, "latest", harbortest.Profile{})
		if err != nil {
			return err
		}
		if err := s.Tag(name, digest, "v1"); err != nil {
			return err
		}
		if err := s.Pull(name, "latest", 1); err != nil {
			return err
		}
		s.FlushPulls()
		s.DeleteTag(name, "v1")
	}
	return nil
}

func look(ctx context.Context, s *harbortest.Server, rounds int) error {
	paths := []string{
		"/api/v2.0/repositories?sort=-update_time", "/api/v2.0/projects/tool-000000/repositories/tool-000000/artifacts",
		"/v2/tool-000000/tool-000000/manifests/latest",
	}
	for i := range rounds {
		method := http.MethodGet
		path := paths[i%len(paths)]
		if i%len(paths) == 2 {
			method = http.MethodHead // a GET would be one pull more
		}
		req, err := http.NewRequestWithContext(ctx, method, s.URL+path, nil)
		if err != nil {
			return err
		}
		req.Header.Set("Authorization", "Bearer none")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		if err := resp.Body.Close(); err != nil {
			return err
		}
		if resp.StatusCode != http.StatusOK {
			return fmt.Errorf("%s: %s", path, resp.Status)
		}
	}
	return nil
}
