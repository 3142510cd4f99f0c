package main

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// tlsFlags say how the main listener proves itself, and whom it believes.
type tlsFlags struct{ cert, key, clientCA string }

func (f *tlsFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.cert, "tls-cert", "", "PEM `FILE` with the certificate of --listen, and those between it and its authority")
	flags.StringVar(&f.key, "tls-key", "", "PEM `FILE` with its key")
	flags.StringVar(&f.clientCA, "client-ca", "", "PEM `FILE` with the authority of the gateway: clients must show a certificate of its, and are believed who they say asks")
	cmd.MarkFlagsRequiredTogether("tls-cert", "tls-key")
}

// recheck is how long a certificate that was read is used before its files are
// looked at again, so that rotated ones are taken without a restart.
const recheck = 10 * time.Second

// config makes the listener's TLS configuration; nil without a certificate.
func (f *tlsFlags) config() (*tls.Config, error) {
	if f.cert == "" {
		if f.clientCA != "" {
			return nil, fault.New(fault.Usage, "", "--client-ca", "clients can prove themselves over TLS only").
				WithHint("add --tls-cert and --tls-key")
		}
		return nil, nil
	}
	files := &certificates{flags: f}
	if _, err := files.current(nil); err != nil {
		return nil, err
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, GetConfigForClient: files.current}, nil
}

// certificates are the files that TLS needs, as they were read last.
type certificates struct {
	flags *tlsFlags

	mu     sync.Mutex
	read   time.Time
	stamps [3]time.Time
	config *tls.Config
}

// current gives the configuration for a connection. Files that cannot be read
// when they change leave the one before in use.
func (c *certificates) current(*tls.ClientHelloInfo) (*tls.Config, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.config != nil && time.Since(c.read) < recheck {
		return c.config, nil
	}
	c.read = time.Now()
	stamps := c.modified()
	if c.config != nil && stamps == c.stamps {
		return c.config, nil
	}
	config, err := c.flags.load()
	switch {
	case err == nil:
		c.config, c.stamps = config, stamps
	case c.config == nil:
		return nil, err
	}
	return c.config, nil
}

func (c *certificates) modified() (stamps [3]time.Time) {
	for i, name := range []string{c.flags.cert, c.flags.key, c.flags.clientCA} {
		if info, err := os.Stat(name); err == nil {
			stamps[i] = info.ModTime()
		}
	}
	return stamps
}

func (f *tlsFlags) load() (*tls.Config, error) {
	certificate, err := tls.LoadX509KeyPair(f.cert, f.key)
	if err != nil {
		return nil, fault.Wrap(fault.Usage, "read certificate", f.cert, err)
	}
	config := &tls.Config{
		MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{certificate}, NextProtos: []string{"h2", "http/1.1"},
	}
	if f.clientCA == "" {
		return config, nil
	}
	text, err := os.ReadFile(f.clientCA)
	if err != nil {
		return nil, fault.Wrap(fault.Usage, "read authority", f.clientCA, err)
	}
	config.ClientCAs, config.ClientAuth = x509.NewCertPool(), tls.RequireAndVerifyClientCert
	if !config.ClientCAs.AppendCertsFromPEM(text) {
		return nil, fault.New(fault.Usage, "read authority", f.clientCA, "it holds no certificate in PEM")
	}
	return config, nil
}
