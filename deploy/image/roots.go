package main

import (
	"bytes"
	"encoding/pem"
	"errors"
	"runtime/debug"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// roots are the certificates of public authorities as Mozilla trusts them, in PEM.
// Those that it trusts for certificates of before some day only are left out: a
// file has no way to say that.
func roots() []byte {
	var out bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint != nil {
			continue
		}
		_ = pem.Encode(&out, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}) // a buffer takes everything
	}
	return out.Bytes()
}

// rootsModule is the module that has them.
const rootsModule = "golang.org/x/crypto/x509roots/fallback"

// rootsFrom gives the module and version that the certificates are from.
func rootsFrom() (*debug.Module, error) {
	info, _ := debug.ReadBuildInfo()
	if info != nil {
		for _, module := range info.Deps {
			if module.Path == rootsModule {
				return module, nil
			}
		}
	}
	return nil, errors.New("this program does not know which version of " + rootsModule + " is in it: build it with the go command")
}
