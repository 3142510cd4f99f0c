package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/artifact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/registrytest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api/apitest"
)

// A catalog that has been the newest for longer than the operator allows is told over
// HTTP: by /v1/catalog and a metric, while the registry answers and while it is down,
// until a newer one is seen. It is served all the same, and lists know nothing of it.
func TestAFrozenCatalogIsTold(t *testing.T) {
	registry := registrytest.InProcess(t)
	var down atomic.Bool
	registry.Hook(func(w http.ResponseWriter, _ *http.Request, _ http.Handler) bool {
		if down.Load() {
			w.WriteHeader(http.StatusInternalServerError)
		}
		return down.Load()
	})
	publish := func(version string, at time.Time) {
		hosts, err := endpoint.New(map[string]endpoint.Config{registry.Host: {PlainHTTP: true}}, endpoint.Options{})
		require.NoError(t, err)
		defer hosts.CloseIdle()
		archive := archiveOf(t, map[string]string{
			"Chart.yaml":  "apiVersion: v2\nname: image-config\nversion: " + version + "\n",
			"values.yaml": "formatVersion: \"1.0\"\nimages:\n  bookworm: {state: stable, image: " + imageHost + "/bookworm}\n",
		})
		_, err = artifact.New(hosts, artifact.Options{}).Publish(t.Context(), artifact.Reference{Host: registry.Host, Path: "toolforge/image-config"},
			artifact.Package{Archive: archive, Created: at})
		require.NoError(t, err)
	}
	long := time.Now().Add(-91 * 24 * time.Hour)
	publish("1.0.0", long)
	dir := t.TempDir()
	args := []string{
		"serve", "--catalog", "oci://" + chartHost + "/toolforge/image-config", "--constraint", ">=1.0.0", "--registry", chartHost + "=" + registry.URL,
		"--registry", imageHost + "=" + nobodyListen, "--interval", "50ms", "--listen", "127.0.0.1:0", "--state-dir", dir, "--catalog-max-age",
	}
	// told waits until both say so, or both do not.
	told := func(s *service, address string, frozen bool) {
		t.Helper()
		eventually(t, func() error {
			var answer api.CatalogAnswer
			require.NoError(t, json.Unmarshal(asked200(t, address+"/v1/catalog"), &answer))
			said := slices.ContainsFunc(answer.Catalog.Warnings, func(w string) bool {
				return strings.Contains(w, "was published on "+long.UTC().Format(time.DateOnly)+", longer ago than the 90 days that are allowed")
			})
			metric := fmt.Sprintf("\nbayplan_catalog_frozen %d\n", map[bool]int{true: 1}[frozen])
			if said != frozen || !strings.Contains(string(asked200(t, address+"/v1/metrics")), metric) {
				return fmt.Errorf("it is not told: %q\n%s", answer.Catalog.Warnings, s.output())
			}
			return nil
		})
		list := string(asked200(t, address+"/v1/images"))
		require.Contains(t, list, `"short_name":"bookworm"`)
		require.NotContains(t, list, "published on")
	}
	begin := func(age string) (*service, string) {
		s := bayplan(t, []string{"HOME=" + t.TempDir()}, append(args, age)...)
		address := s.said(t, mainLine)
		s.said(t, isReady)
		return s, address
	}
	end := func(s *service) {
		require.NoError(t, s.cmd.Process.Signal(syscall.SIGTERM))
		requireExit(t, s, exitDone)
	}

	s, address := begin("92d")
	told(s, address, false)
	end(s)
	down.Store(true)
	s, address = begin("90d") // with what is on disk
	told(s, address, true)
	down.Store(false)
	s.said(t, regexp.MustCompile(`the catalog's origin answers again`))
	told(s, address, true)
	publish("1.0.1", time.Now())
	told(s, address, false)
	require.Equal(t, 1, strings.Count(s.output(), "the served catalog is older than is allowed"), "it is logged once")
	end(s)
}

// asked200 asks, and holds the answer against the contract.
func asked200(t *testing.T, address string) []byte {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	require.NoError(t, err)
	response, err := testClient.Do(request)
	require.NoError(t, err)
	body, err := io.ReadAll(response.Body)
	require.NoError(t, errors.Join(err, response.Body.Close()))
	require.Equal(t, http.StatusOK, response.StatusCode, "%s", body)
	require.NoError(t, apitest.Check(request, response, body))
	return body
}
