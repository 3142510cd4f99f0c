package server_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

func TestWhoAsksForATool(t *testing.T) {
	s := start(t, setup{values: toolSample})
	for _, c := range []struct {
		name    string
		headers []string
		status  int
		code    string
		says    string
	}{
		{"nobody", nil, http.StatusUnauthorized, "unauthorized", "X-Toolforge-Tool is missing"},
		{"empty", []string{""}, http.StatusUnauthorized, "unauthorized", "X-Toolforge-Tool is missing"},
		{"blank", []string{"  "}, http.StatusUnauthorized, "unauthorized", "X-Toolforge-Tool is missing"},
		{"twice", []string{"c", "c"}, http.StatusBadRequest, "bad_parameter", "is given 2 times"},
		{"twice, one empty", []string{"", "c"}, http.StatusBadRequest, "bad_parameter", "is given 2 times"},
		{"another tool", []string{"b"}, http.StatusForbidden, "forbidden", "tool b may not ask for tool c"},
		{"other case", []string{"C"}, http.StatusForbidden, "forbidden", "tool C may not ask for tool c"},
		{"its project", []string{"tool-c"}, http.StatusForbidden, "forbidden", "tool tool-c may not ask for tool c"},
		{"a list", []string{"c, c"}, http.StatusForbidden, "forbidden", "tool c, c may not ask for tool c"},
		{"itself", []string{"c"}, http.StatusOK, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var headers []string
			for _, value := range c.headers {
				headers = append(headers, "X-Toolforge-Tool", value)
			}
			for _, query := range []string{"", "?limit=0", "?limit=1"} {
				if c.status == http.StatusOK {
					break
				}
				failure := s.failure(t, "/v1/tool/c/images"+query, c.status, headers...)
				require.Equal(t, c.code, failure.Code)
				require.Contains(t, failure.Error[0], c.says)
			}
			require.Equal(t, c.status, s.get(t, "/v1/tool/c/images", headers...).status)
			require.Equal(t, c.status, s.ask(t, http.MethodHead, "/v1/tool/c/images", headers...).status)
		})
	}
}

// Whoever comes over the network could write any header: on a plain listener
// that is not local, nobody is believed.
func TestOnAnOpenListenerNobodyIsBelieved(t *testing.T) {
	s := start(t, setup{values: toolSample})
	for _, c := range []struct {
		local    net.Addr
		believed bool
	}{
		{&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80}, true},
		{&net.TCPAddr{IP: net.IPv4(127, 8, 0, 1), Port: 80}, true},
		{&net.TCPAddr{IP: net.IPv6loopback, Port: 80}, true},
		{&net.TCPAddr{IP: net.ParseIP("::ffff:127.0.0.1"), Port: 80}, true},
		{&net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 80}, false},
		{&net.TCPAddr{IP: net.IPv4zero, Port: 80}, false},
		{&net.TCPAddr{Port: 80}, false},
		{&net.UnixAddr{Name: "/run/bayplan.sock", Net: "unix"}, false},
		{nil, false},
	} {
		request := httptest.NewRequest(http.MethodGet, "/v1/tool/c/images", nil)
		request.RemoteAddr = "127.0.0.1:4711" // a proxy on this machine proves nothing
		request.Header.Set("X-Toolforge-Tool", "c")
		request.Header.Set("X-Forwarded-For", "127.0.0.1")
		if c.local != nil {
			request = request.WithContext(context.WithValue(request.Context(), http.LocalAddrContextKey, c.local))
		}
		w := httptest.NewRecorder()
		s.server.Data().ServeHTTP(w, request)
		if c.believed {
			require.Equal(t, http.StatusOK, w.Code, "%v", c.local)
			continue
		}
		failure := into[api.Error](answer{t: t, status: w.Code, body: w.Body.Bytes()}, http.StatusUnauthorized)
		require.Contains(t, failure.Error[0], "is not believed on this listener", "%v", c.local)
	}
}

func TestTheOptionProvenDecides(t *testing.T) {
	believe := false
	s := start(t, setup{values: toolSample, options: server.Options{Proven: func(*http.Request) bool { return believe }}})
	require.Equal(t, http.StatusUnauthorized, s.toolList(t, "c", "").status)
	believe = true
	require.Equal(t, http.StatusOK, s.toolList(t, "c", "").status)
}

// authority signs certificates.
type authority struct {
	key         *ecdsa.PrivateKey
	certificate *x509.Certificate
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	certificate, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return &authority{key, certificate}
}

func (a *authority) client(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "gateway"}, NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// elsewhere makes requests look as if they came in over the network.
func elsewhere(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		far := context.WithValue(r.Context(), http.LocalAddrContextKey, &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 8443})
		next.ServeHTTP(w, r.WithContext(far))
	})
}

// A client certificate is proof only once the listener has verified it.
func TestMutualTLSIsProof(t *testing.T) {
	s := start(t, setup{values: toolSample})
	gateway, stranger := newAuthority(t), newAuthority(t)
	known := x509.NewCertPool()
	known.AddCert(gateway.certificate)
	for _, c := range []struct {
		name   string
		auth   tls.ClientAuthType
		client []tls.Certificate
		status int // 0 where there is no connection
	}{
		{"verified", tls.RequireAndVerifyClientCert, []tls.Certificate{gateway.client(t)}, http.StatusOK},
		{"verified if given", tls.VerifyClientCertIfGiven, []tls.Certificate{gateway.client(t)}, http.StatusOK},
		{"not given", tls.VerifyClientCertIfGiven, nil, http.StatusUnauthorized},
		{"not verified", tls.RequireAnyClientCert, []tls.Certificate{stranger.client(t)}, http.StatusUnauthorized},
		{"none asked for", tls.NoClientCert, nil, http.StatusUnauthorized},
		{"of a stranger", tls.RequireAndVerifyClientCert, []tls.Certificate{stranger.client(t)}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			listening := httptest.NewUnstartedServer(elsewhere(s.server.Handler()))
			listening.TLS = &tls.Config{ClientAuth: c.auth, ClientCAs: known}
			listening.Config.ErrorLog = discard()
			listening.StartTLS()
			t.Cleanup(listening.Close)
			client := listening.Client()
			transport, ok := client.Transport.(*http.Transport)
			require.True(t, ok)
			// Sent whatever authorities the server names.
			transport.TLSClientConfig.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
				if len(c.client) == 0 {
					return &tls.Certificate{}, nil
				}
				return &c.client[0], nil
			}
			e := &endpoint{url: listening.URL, client: client}
			if c.status == 0 {
				response, err := client.Get(e.url + "/v1/tool/c/images")
				if err == nil {
					require.NoError(t, response.Body.Close())
				}
				require.Error(t, err)
				return
			}
			require.Equal(t, c.status, e.toolList(t, "c", "").status)
			require.Equal(t, http.StatusOK, e.get(t, "/v1/images").status, "what anyone may see")
		})
	}
}
