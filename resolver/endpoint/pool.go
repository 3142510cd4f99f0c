package endpoint

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"time"
)

const (
	connectTimeout = 3 * time.Second  // to dial, and again for TLS
	headerTimeout  = 5 * time.Second  // from the request's last byte to the answer's headers
	keepIdle       = 90 * time.Second // longer than any poll interval that makes sense
	maxHeader      = 64 << 10
	keptSessions   = 8 // one for each name: the host's and those of its auth hosts
)

// newPool makes the connection pool of one host. It keeps as many idle
// connections as requests may be under way: net/http's default of two makes
// every round dial anew. HTTP/1.1, because one connection per request under way
// was measured to be no slower here than HTTP/2, and one stalled stream cannot
// hold up others.
func newPool(r route, timeout time.Duration, authorities *x509.CertPool) *http.Transport {
	connect := min(connectTimeout, timeout)
	return &http.Transport{
		Proxy:       http.ProxyFromEnvironment,
		DialContext: (&net.Dialer{Timeout: connect}).DialContext,
		TLSClientConfig: &tls.Config{
			MinVersion: tls.VersionTLS12, RootCAs: authorities,
			// A sweep dials many at once: all but the first spare both sides a signature.
			ClientSessionCache: tls.NewLRUClientSessionCache(keptSessions),
		},
		TLSHandshakeTimeout:    connect,
		ResponseHeaderTimeout:  min(headerTimeout, timeout),
		MaxResponseHeaderBytes: maxHeader,
		MaxIdleConns:           2 * r.concurrency, // the host's and those of its auth hosts
		MaxIdleConnsPerHost:    r.concurrency,
		IdleConnTimeout:        keepIdle,
		// What is counted must be what was sent: no silent inflating.
		DisableCompression: true,
	}
}
