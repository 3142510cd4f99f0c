package endpoint

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/rotated"
)

// maxAuthorities bounds a CA file, in bytes.
const maxAuthorities = 1 << 20

// followAuthorities follows a PEM file of authorities that are trusted besides the
// system's. Those of the system are the ones of the process's start.
func followAuthorities(files *rotated.Files, host, path string) (*rotated.File[*x509.CertPool], error) {
	source := rotated.Source{What: "caFile of " + host, Path: path, MaxBytes: maxAuthorities}
	file, err := rotated.Follow(files, source, func(content []byte) (*x509.CertPool, error) {
		pool, err := x509.SystemCertPool()
		if err != nil { // a bare container may have none
			pool = x509.NewCertPool()
		}
		return pool, AppendAuthorities(pool, content)
	})
	if err != nil {
		return nil, fmt.Errorf("cannot be used (%w); give the path of a PEM file", err)
	}
	return file, nil
}

// AppendAuthorities adds the certificates of a PEM file to a pool. One of which the
// end is missing is an error: somebody is still writing.
func AppendAuthorities(pool *x509.CertPool, content []byte) error {
	if err := WholePEM(content); err != nil {
		return err
	}
	if !pool.AppendCertsFromPEM(content) {
		return errors.New("it holds no certificate in PEM (-----BEGIN CERTIFICATE-----)")
	}
	return nil
}

// WholePEM refuses a PEM file whose last block has no end.
func WholePEM(content []byte) error {
	for {
		block, rest := pem.Decode(content)
		if block == nil {
			break
		}
		content = rest
	}
	if bytes.Contains(content, []byte("-----BEGIN ")) {
		return errors.New("its last block of PEM has no end")
	}
	return nil
}
