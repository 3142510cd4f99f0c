package registrytest_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/registrytest"
)

func TestInProcessLogsAndObeysItsHook(t *testing.T) {
	server := registrytest.InProcess(t)
	require.Equal(t, http.StatusOK, get(t, http.DefaultClient, server.URL+"/v2/", "", ""))
	require.Equal(t, http.StatusNotFound, get(t, http.DefaultClient, server.URL+"/v2/a/tags/list?n=3", "", ""))

	server.Hook(func(w http.ResponseWriter, _ *http.Request, _ http.Handler) bool {
		w.WriteHeader(http.StatusTeapot)
		return true
	})
	require.Equal(t, http.StatusTeapot, get(t, http.DefaultClient, server.URL+"/v2/", "", ""))
	require.Equal(t, []registrytest.Request{
		{Method: "GET", Path: "/v2/", Status: 200},
		{Method: "GET", Path: "/v2/a/tags/list?n=3", Status: 404},
		{Method: "GET", Path: "/v2/", Status: 418},
	}, server.Requests())

	server.Forget()
	server.Hook(nil)
	require.Empty(t, server.Requests())
	require.Equal(t, http.StatusOK, get(t, http.DefaultClient, server.URL+"/v2/", "", ""))
}

func TestStartWithTLSAndPassword(t *testing.T) {
	reg := registrytest.Start(t, registrytest.Options{TLS: true, User: "ann", Password: "s3cret"})
	pem, err := os.ReadFile(reg.CAFile)
	require.NoError(t, err)
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(pem))
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}

	require.Equal(t, http.StatusUnauthorized, get(t, client, reg.URL+"/v2/", "", ""))
	require.Equal(t, http.StatusUnauthorized, get(t, client, reg.URL+"/v2/", "ann", "wrong"))
	require.Equal(t, http.StatusOK, get(t, client, reg.URL+"/v2/", "ann", "s3cret"))
}

func TestStartPlain(t *testing.T) {
	reg := registrytest.Start(t, registrytest.Options{})
	require.Empty(t, reg.CAFile)
	require.Equal(t, http.StatusOK, get(t, http.DefaultClient, reg.URL+"/v2/", "", ""))
}

func get(t *testing.T, client *http.Client, url, user, password string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	if user != "" {
		req.SetBasicAuth(user, password)
	}
	resp, err := client.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	return resp.StatusCode
}

// Tests give a registry the place of a *testing.T's lifetime; outside of a test,
// go-containerregistry's handler may be used directly.
func ExampleRequest() {
	line := registrytest.Request{Method: http.MethodHead, Path: "/v2/toolforge/image-config/manifests/1.0.0", Status: http.StatusOK}
	fmt.Println(line.Method, line.Path, line.Status)
	// Output: HEAD /v2/toolforge/image-config/manifests/1.0.0 200
}
