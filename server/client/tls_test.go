package client_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/client"
)

// A gateway that wants a certificate gets it from the HTTP client that the
// consumer brings.
func TestMutualTLS(t *testing.T) {
	p := startPlatform(t)
	certificate, pool := certificateOf(t)
	gateway := httptest.NewUnstartedServer(p)
	gateway.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool, MinVersion: tls.VersionTLS12}
	gateway.Config.ErrorLog = quiet() // of those that were turned away
	gateway.StartTLS()
	t.Cleanup(gateway.Close)
	ask := func(config *tls.Config) error {
		transport := &http.Transport{TLSClientConfig: config}
		t.Cleanup(transport.CloseIdleConnections)
		c, err := client.New(gateway.URL, client.Options{HTTP: &http.Client{Transport: transport}, Attempts: 1})
		require.NoError(t, err)
		got, err := c.ToolImages(t.Context(), "gamma", client.Query{Type: []string{"buildservice"}})
		if err == nil {
			require.Equal(t, []string{"tool-gamma/gamma:latest"}, shortNames(got.Body.Images))
		}
		return err
	}
	require.NoError(t, ask(&tls.Config{RootCAs: pool, Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}))
	require.ErrorIs(t, ask(&tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}), client.ErrCouldNotAsk)
	require.ErrorIs(t, ask(&tls.Config{MinVersion: tls.VersionTLS12}), client.ErrCouldNotAsk)
}

// certificateOf makes a certificate for both sides that is its own authority.
func certificateOf(t testing.TB) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	parsed, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}
