package main

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
)

// visitor is a client that trusts an authority and shows a certificate, whatever
// authorities the server says that it takes; nil shows none.
func visitor(trusts *authority, shows *tls.Certificate, config *tls.Config) *http.Client {
	config.RootCAs, config.ServerName = trusts.pool(), "localhost"
	if shows != nil {
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return shows, nil }
	}
	return &http.Client{Timeout: patience, Transport: &http.Transport{
		TLSClientConfig: config, DisableKeepAlives: true, Protocols: protocols(),
	}}
}

func protocols() *http.Protocols {
	p := new(http.Protocols)
	p.SetHTTP1(true)
	p.SetHTTP2(true)
	return p
}

// visit asks for a tool's images as that tool, and gives the status, the body
// and how the connection was made.
func visit(t *testing.T, client *http.Client, address string) (int, string, *tls.ConnectionState) {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, address+"/v1/tool/gamma/images?type=buildservice&fields=short_name", nil)
	require.NoError(t, err)
	request.Header.Set("X-Toolforge-Tool", "gamma")
	response, err := client.Do(request)
	require.NoError(t, err)
	body, err := io.ReadAll(response.Body)
	require.NoError(t, errors.Join(err, response.Body.Close()))
	return response.StatusCode, string(body), response.TLS
}

// refusal is what a client that is not let in is told. In TLS 1.3 that comes
// after its own part of the handshake.
func refusal(t *testing.T, client *http.Client, address string) string {
	t.Helper()
	config := client.Transport.(*http.Transport).TLSClientConfig
	conn, err := tls.Dial("tcp", strings.TrimPrefix(address, "https://"), config)
	if err == nil {
		_, err = conn.Read(make([]byte, 1))
		require.NoError(t, conn.Close())
	}
	require.Error(t, err, "it is let in")
	return err.Error()
}

// plainly asks without TLS.
func plainly(t *testing.T, address string) string {
	t.Helper()
	response, err := testClient.Get(strings.Replace(address, "https:", "http:", 1) + "/v1/images")
	require.NoError(t, err)
	body, err := io.ReadAll(response.Body)
	require.NoError(t, errors.Join(err, response.Body.Close()))
	require.Equal(t, http.StatusBadRequest, response.StatusCode)
	return string(body)
}

// elsewhere is how a server that listens on all addresses is reached from
// another machine.
func elsewhere(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	require.NoError(t, err)
	all, err := net.InterfaceAddrs()
	require.NoError(t, err)
	for _, a := range all {
		if ip, ok := a.(*net.IPNet); ok && ip.IP.IsGlobalUnicast() && !ip.IP.IsLoopback() && ip.IP.To4() != nil {
			u.Host = net.JoinHostPort(ip.IP.String(), u.Port())
			return u.String()
		}
	}
	t.Skip("this machine has no address but loopback")
	return ""
}

// Over mutual TLS the gateway is believed who asks; everybody else is refused
// before a request is read.
func TestMutualTLSProvesTheGateway(t *testing.T) {
	ours, stranger := newAuthority(t), newAuthority(t)
	files := pemFiles(t)
	files.writeServer(t, ours.issue(t))
	ours.write(t, files.clientCA)
	s := serveHere(t, &serveOptions{listen: ":0", operations: "127.0.0.1:0", tls: files}, aHarbor(t, harbortest.Options{}))
	address := elsewhere(t, s.said(t, mainLine))
	operations := s.said(t, otherLine)
	s.said(t, isReady)
	require.True(t, strings.HasPrefix(address, "https://"))

	gateway, imposter := ours.issue(t), stranger.issue(t)
	status, body, state := visit(t, visitor(ours, &gateway, &tls.Config{}), address)
	require.Equal(t, http.StatusOK, status, body)
	require.Contains(t, body, `"images":[{"short_name":"tool-gamma/gamma:latest"}]`)
	require.Equal(t, "h2", state.NegotiatedProtocol)

	for _, c := range []struct {
		shows   *tls.Certificate
		version uint16
		says    string
	}{
		{nil, tls.VersionTLS13, "certificate required"},
		{&imposter, tls.VersionTLS13, "unknown certificate authority"},
		{nil, tls.VersionTLS12, "bad certificate|handshake failure"},
		{&imposter, tls.VersionTLS12, "unknown certificate authority"},
		{&gateway, tls.VersionTLS11, "protocol version"},
	} {
		require.Regexp(t, c.says, refusal(t, visitor(ours, c.shows, &tls.Config{MinVersion: c.version, MaxVersion: c.version}), address))
	}
	require.Contains(t, plainly(t, address), "HTTP request to an HTTPS server")

	response, err := testClient.Get(operations + "/v1/healthz")
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusOK, response.StatusCode, "the operations listener stays plain")
	require.NotContains(t, s.output(), "cannot ask for their own images")
}

// Without a client CA, who comes over the network could write any header. Who
// runs it so is told.
func TestNobodyIsBelievedWithoutProof(t *testing.T) {
	ours := newAuthority(t)
	files := pemFiles(t)
	files.writeServer(t, ours.issue(t))
	files.clientCA = ""
	s := serveHere(t, &serveOptions{listen: ":0", tls: files}, aHarbor(t, harbortest.Options{}))
	address := elsewhere(t, s.said(t, mainLine))
	s.said(t, regexp.MustCompile(`level=WARN msg="tools cannot ask for their own images" error=".*401.*" hint="add --tls-cert, --tls-key and --client-ca`))
	s.said(t, isReady)
	status, body, _ := visit(t, visitor(ours, nil, &tls.Config{}), address)
	require.Equal(t, http.StatusUnauthorized, status)
	require.Contains(t, body, "is not believed on this listener")
	require.NotContains(t, body, "gamma:latest")
}

// Certificates that are rotated on disk are taken without a restart; broken ones
// leave those before in use, and are told once.
func TestCertificatesAreRotated(t *testing.T) {
	ours, next := newAuthority(t), newAuthority(t)
	files := pemFiles(t)
	first, second, third := ours.issue(t), ours.issue(t), ours.issue(t)
	files.writeServer(t, first)
	ours.write(t, files.clientCA)
	s := serveHere(t, &serveOptions{listen: "127.0.0.1:0", tls: files}, aHarbor(t, harbortest.Options{}))
	address := s.said(t, mainLine)
	s.said(t, isReady)
	gateway, newGateway := ours.issue(t), next.issue(t)
	sessions := tls.NewLRUClientSessionCache(4)
	client := visitor(ours, &gateway, &tls.Config{ClientSessionCache: sessions})
	served := func(want tls.Certificate) {
		t.Helper()
		status, _, state := visit(t, client, address)
		require.Equal(t, http.StatusOK, status)
		require.Equal(t, want.Leaf.SerialNumber, state.PeerCertificates[0].SerialNumber)
	}
	served(first)
	files.writeServer(t, second)
	served(second)
	s.said(t, regexp.MustCompile(`level=INFO msg="new certificates are in use" expires=2`))

	// A certificate that does not fit its key: both are written, one after the other.
	writePEM(t, files.cert, "CERTIFICATE", third.Certificate[0])
	for range 5 {
		served(second)
	}
	replace(t, files.key, "-----BEGIN NONSENSE-----\n")
	served(second)
	require.NoError(t, os.Remove(files.key))
	for range 5 {
		served(second)
	}
	s.said(t, regexp.MustCompile(`level=WARN .*private key does not match public key`))
	s.said(t, regexp.MustCompile(`level=WARN .*no such file or directory" hint="is the Secret mounted there`))
	require.Equal(t, 3, strings.Count(s.output(), "those before stay in use"), s.output())
	require.NotContains(t, s.output(), "NONSENSE")
	files.writeServer(t, third)
	served(third)

	// Another authority of the gateway: who was believed by the old one is refused,
	// and does not come in with a session of before.
	next.write(t, files.clientCA)
	require.Contains(t, refusal(t, client, address), "unknown certificate authority")
	client = visitor(ours, &newGateway, &tls.Config{})
	served(third)
}

// Connections that the authority before let in end with their next answer, and none
// other does.
func TestConnectionsOfAnotherAuthorityEnd(t *testing.T) {
	ours, next := newAuthority(t), newAuthority(t)
	files := pemFiles(t)
	files.writeServer(t, ours.issue(t))
	ours.write(t, files.clientCA)
	s := serveHere(t, &serveOptions{listen: "127.0.0.1:0", tls: files}, nil)
	address := s.said(t, mainLine)
	s.said(t, isReady)
	gateway := ours.issue(t)
	for _, http2 := range []bool{false, true} {
		client := visitor(ours, &gateway, &tls.Config{})
		kept := client.Transport.(*http.Transport)
		kept.DisableKeepAlives = false
		kept.Protocols.SetHTTP2(http2)
		t.Cleanup(kept.CloseIdleConnections)
		ours.write(t, files.clientCA)
		_, _, _ = visit(t, visitor(ours, &gateway, &tls.Config{}), address) // which has it read
		reused := func() bool {
			again := false
			request, err := http.NewRequestWithContext(httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
				GotConn: func(c httptrace.GotConnInfo) { again = c.Reused },
			}), http.MethodGet, address+"/v1/healthz", nil)
			require.NoError(t, err)
			response, err := client.Do(request)
			require.NoError(t, err)
			_, err = io.Copy(io.Discard, response.Body)
			require.NoError(t, errors.Join(err, response.Body.Close()))
			return again
		}
		require.False(t, reused())
		require.True(t, reused())
		files.writeServer(t, ours.issue(t)) // the server's own: no matter
		_, _, _ = visit(t, visitor(ours, &gateway, &tls.Config{}), address)
		require.True(t, reused())
		require.True(t, reused())
		next.write(t, files.clientCA)
		require.Contains(t, refusal(t, visitor(ours, &gateway, &tls.Config{}), address), "unknown certificate authority")
		require.True(t, reused(), "one more answer")
		replacement := next.issue(t)
		kept.TLSClientConfig.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &replacement, nil }
		require.Eventually(t, func() bool { return !reused() }, patience, time.Millisecond)
		require.True(t, reused())
	}
}

func TestCertificatesThatCannotBeUsedSayWhatToDo(t *testing.T) {
	ours := newAuthority(t)
	whole := pemFiles(t)
	whole.writeServer(t, ours.issue(t))
	ours.write(t, whole.clientCA)
	_, err := whole.config(nil)
	require.NoError(t, err)
	text := filepath.Join(t.TempDir(), "text.pem")
	replace(t, text, "no PEM")
	other := pemFiles(t)
	other.writeServer(t, ours.issue(t))

	for name, c := range map[string]struct {
		change     func(*tlsFlags)
		says, hint string
	}{
		"no key":             {func(f *tlsFlags) { f.key = "" }, "a certificate and its key go together", "give both"},
		"authority alone":    {func(f *tlsFlags) { f.cert, f.key = "", "" }, "over TLS only", "add --tls-cert and --tls-key"},
		"missing":            {func(f *tlsFlags) { f.cert = "nowhere.pem" }, "read --tls-cert: nowhere.pem: no such file", "tls.crt, tls.key and ca.crt"},
		"missing key":        {func(f *tlsFlags) { f.key = "nowhere.pem" }, "read --tls-key: nowhere.pem: no such file", "tls.crt, tls.key and ca.crt"},
		"missing authority":  {func(f *tlsFlags) { f.clientCA = "nowhere.pem" }, "read --client-ca: nowhere.pem: no such file", "tls.crt, tls.key and ca.crt"},
		"folder":             {func(f *tlsFlags) { f.cert = t.TempDir() }, "is a directory", ""},
		"no PEM":             {func(f *tlsFlags) { f.cert = text }, "failed to find any PEM data", "the server's own certificate"},
		"key of another":     {func(f *tlsFlags) { f.key = other.key }, "does not match", "the server's own certificate"},
		"swapped":            {func(f *tlsFlags) { f.cert, f.key = f.key, f.cert }, "PEM", "the server's own certificate"},
		"authority, no PEM":  {func(f *tlsFlags) { f.clientCA = text }, "it holds no certificate in PEM", "the gateway's client certificates"},
		"authority is a key": {func(f *tlsFlags) { f.clientCA = f.key }, "it holds no certificate in PEM", "the gateway's client certificates"},
	} {
		t.Run(name, func(t *testing.T) {
			flags := whole
			c.change(&flags)
			_, err := flags.config(nil)
			require.ErrorContains(t, err, c.says)
			require.Equal(t, fault.Usage, fault.KindOf(err))
			require.Contains(t, fault.HintOf(err), c.hint)
		})
	}
}
