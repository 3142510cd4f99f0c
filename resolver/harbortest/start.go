package harbortest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// TB is what [Start] needs of a test; testing.TB has it. It is written out so
// that programs that serve a [Harbor] do not link package testing.
type TB interface {
	Helper()
	TempDir() string
	Cleanup(func())
	Fatalf(format string, args ...any)
}

// StartOptions say how a Harbor is served. The zero value is plain HTTP.
type StartOptions struct {
	Options
	// TLS serves it with a certificate of an authority made for the test.
	TLS bool
}

// Server is a Harbor that listens on loopback.
type Server struct {
	*Harbor
	// Host is its address, "127.0.0.1:1234", and URL the same with its scheme.
	Host, URL string
	// CAFile is the PEM file of its authority; "" without TLS.
	CAFile string
	// CAs holds that authority; nil without TLS.
	CAs *x509.CertPool

	http *http.Server
}

// headerTimeout bounds how long a client may take to say what it wants.
const headerTimeout = 30 * time.Second

// Start serves a new Harbor until the test ends.
func Start(t TB, opts StartOptions) *Server {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("harbortest: %v", err)
	}
	s := &Server{Harbor: New(opts.Options), Host: listener.Addr().String()}
	s.URL = "http://" + s.Host
	// Without HTTP/2: a fault takes whole connections.
	s.http = &http.Server{
		Handler: s.Harbor, ReadHeaderTimeout: headerTimeout, TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){},
		ErrorLog: quiet(),
	}
	if opts.TLS {
		s.URL = "https://" + s.Host
		certificate, authority := certify(t)
		s.http.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
		s.CAFile, s.CAs = writeAuthority(t, authority)
		listener = tls.NewListener(listener, s.http.TLSConfig)
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = s.http.Serve(listener) // ends with Close below
	}()
	t.Cleanup(func() {
		_ = s.http.Close()
		s.Close()
		<-served
	})
	return s
}

// certify makes a certificate for loopback that is its own authority.
func certify(t TB) (tls.Certificate, []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatalf("harbortest: %v", err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "harbortest"},
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatalf("harbortest: %v", err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, der
}

func writeAuthority(t TB, der []byte) (string, *x509.CertPool) {
	t.Helper()
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	path := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatalf("harbortest: %v", err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(text)
	return path, pool
}

// quiet is a log for what clients do to connections, which tests do on purpose.
func quiet() *log.Logger { return log.New(io.Discard, "", 0) }
