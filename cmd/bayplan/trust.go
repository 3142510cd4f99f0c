package main

import (
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/provenance"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// trust says whose signatures on the catalog count.
func (f *sourceFlags) trust() (resolver.Trust, error) {
	if f.keyring == "" {
		if f.requireSigned {
			return resolver.Trust{}, fault.New(fault.Usage, "", "--require-signed", "it needs the public keys that count").
				WithHint("export them with gpg --export, and name the file with --keyring")
		}
		return resolver.Trust{}, nil
	}
	ring, err := readRing(f.keyring)
	if err != nil {
		return resolver.Trust{}, fault.Wrap(fault.Usage, "read --keyring", f.keyring, err)
	}
	return resolver.Trust{Ring: ring, Required: f.requireSigned}, nil
}

// readRing reads public keys. The file is read once, at the start.
func readRing(path string) (*provenance.Ring, error) {
	data, err := readLimited(path, provenance.MaxRing)
	if err != nil {
		return nil, err
	}
	return provenance.ReadRing(data)
}
