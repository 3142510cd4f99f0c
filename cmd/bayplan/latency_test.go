package main

import (
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A registry that keeps silent holds up no answer: all of these are far faster
// than it would ever give up.
func TestSilentRegistryDelaysNoAnswer(t *testing.T) {
	silent, err := new(net.ListenConfig).Listen(testContext(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, silent.Close()) }()
	_, address := demoServer(t, "--registry", "docker-registry.svc.toolforge.org=http://"+silent.Addr().String())

	client := &http.Client{Timeout: time.Second}
	for range 200 {
		for _, path := range []string{"/v1/images", "/v1/images/trixie", "/v1/images/bookworm", "/v1/catalog", "/v1/readyz"} {
			response, err := client.Get(address + path)
			require.NoError(t, err)
			_, err = io.Copy(io.Discard, response.Body)
			require.NoError(t, err)
			require.NoError(t, response.Body.Close())
			require.Equal(t, http.StatusOK, response.StatusCode)
		}
	}
}
