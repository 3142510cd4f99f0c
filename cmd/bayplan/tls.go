package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io/fs"
	"time"

	"github.com/spf13/cobra"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// tlsFlags say how the main listener proves itself, and whom it believes.
type tlsFlags struct {
	cert, key, clientCA string
	recheck             time.Duration // how long files are used before they are looked at again; 0 means rotated.Every
	following           *certificates // once the listener is made; nil without a certificate
}

func (f *tlsFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.cert, "tls-cert", "", "PEM `FILE` with the certificate of --listen, and those between it and its authority")
	flags.StringVar(&f.key, "tls-key", "", "PEM `FILE` with its key")
	flags.StringVar(&f.clientCA, "client-ca", "", "PEM `FILE` with the authority of the gateway: clients must show a certificate of its, and are believed who they say asks")
}

// check tells whether the flags go together.
func (f *tlsFlags) check() error {
	switch {
	case (f.cert == "") != (f.key == ""):
		return fault.New(fault.Usage, "", "--tls-cert, --tls-key", "a certificate and its key go together").
			WithHint("give both, or none of them for plain HTTP")
	case f.cert == "" && f.clientCA != "":
		return fault.New(fault.Usage, "", "--client-ca", "clients can prove themselves over TLS only").
			WithHint("add --tls-cert and --tls-key")
	}
	return nil
}

// tlsFiles are the contents of the files; the last is empty without --client-ca.
type tlsFiles struct{ cert, key, clientCA string }

func (f *tlsFlags) read() (out tlsFiles, err error) {
	for _, file := range []struct {
		flag, path string
		text       *string
	}{{"--tls-cert", f.cert, &out.cert}, {"--tls-key", f.key, &out.key}, {"--client-ca", f.clientCA, &out.clientCA}} {
		if file.path == "" {
			continue
		}
		text, err := readFile(file.path)
		if err != nil {
			return out, unreadableFile(file.flag, file.path, err)
		}
		*file.text = string(text)
	}
	return out, nil
}

func unreadableFile(flag, path string, err error) error {
	e := &fault.Error{Kind: fault.Usage, Op: "read " + flag, Side: path, Err: withoutPath(err)}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return e.WithHint("is the Secret mounted there? cert-manager's has tls.crt, tls.key and ca.crt")
	case errors.Is(err, fs.ErrPermission):
		return e.WithHint("the user that bayplan runs as must be able to read it")
	}
	return e
}

// parse makes a TLS configuration of what the files hold.
func (f *tlsFlags) parse(files tlsFiles) (*tls.Config, error) {
	certificate, err := tls.X509KeyPair([]byte(files.cert), []byte(files.key))
	if err == nil {
		err = endpoint.WholePEM([]byte(files.cert)) // what is between it and its authority is there too
	}
	if err != nil {
		e := &fault.Error{Kind: fault.Usage, Op: "read --tls-cert and --tls-key", Side: f.cert + " and " + f.key, Err: err}
		return nil, e.WithHint("the first file begins with the server's own certificate, the second is the key to that one, both in PEM")
	}
	config := &tls.Config{
		MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{certificate}, NextProtos: []string{"h2", "http/1.1"},
	}
	if f.clientCA == "" {
		return config, nil
	}
	config.ClientCAs, config.ClientAuth = x509.NewCertPool(), tls.RequireAndVerifyClientCert
	// Nobody comes in on a session of before: the authority may be another by now.
	config.SessionTicketsDisabled = true
	if err := endpoint.AppendAuthorities(config.ClientCAs, []byte(files.clientCA)); err != nil {
		e := &fault.Error{Kind: fault.Usage, Op: "read --client-ca", Side: f.clientCA, Err: err}
		return nil, e.WithHint("it is the certificate of the authority that signs the gateway's client certificates")
	}
	return config, nil
}
