package main

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"

	"github.com/spf13/cobra"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// proofFlags say how a server proves itself to us, and we to it: behind mutual TLS
// (a gateway, or serve's own --client-ca) nobody is answered without.
type proofFlags struct{ cert, key, ca string }

func (f *proofFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.cert, "client-cert", "", "PEM `FILE` with the certificate to show to --server")
	flags.StringVar(&f.key, "client-key", "", "PEM `FILE` with its key")
	flags.StringVar(&f.ca, "server-ca", "", "PEM `FILE` with the authority of --server's certificate (default: the system's)")
}

// transport makes what asks a server; nil where nothing was said.
func (f *proofFlags) transport() (http.RoundTripper, error) {
	if *f == (proofFlags{}) {
		return nil, nil
	}
	if (f.cert == "") != (f.key == "") {
		return nil, fault.New(fault.Usage, "", "--client-cert, --client-key", "a certificate and its key go together").
			WithHint("give both, or none of them")
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if f.ca != "" {
		text, err := readFile(f.ca)
		if err != nil {
			return nil, unreadableFile("--server-ca", f.ca, err)
		}
		if config.RootCAs = x509.NewCertPool(); !config.RootCAs.AppendCertsFromPEM(text) {
			return nil, fault.New(fault.Usage, "read --server-ca", f.ca, "it holds no certificate in PEM")
		}
	}
	if f.cert != "" {
		shown, err := f.shown()
		if err != nil {
			return nil, err
		}
		// It is shown whatever authorities the server says that it takes.
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return shown, nil }
	}
	return &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: config}, nil
}

func (f *proofFlags) shown() (*tls.Certificate, error) {
	cert, err := readFile(f.cert)
	if err != nil {
		return nil, unreadableFile("--client-cert", f.cert, err)
	}
	key, err := readFile(f.key)
	if err != nil {
		return nil, unreadableFile("--client-key", f.key, err)
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return nil, &fault.Error{Kind: fault.Usage, Op: "read --client-cert and --client-key", Side: f.cert + " and " + f.key, Err: err}
	}
	return &pair, nil
}
