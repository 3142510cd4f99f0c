package main

import (
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/provenance"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/rotated"
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
	file, err := followRing(f.files, "--keyring", f.keyring)
	if err != nil {
		return resolver.Trust{}, fault.Wrap(fault.Usage, "read --keyring", f.keyring, err)
	}
	return resolver.Trust{Ring: file.Now(), Renewed: file.Now, Required: f.requireSigned}, nil
}

// followRing reads public keys, and follows their file.
func followRing(files *rotated.Files, flag, path string) (*rotated.File[*provenance.Ring], error) {
	return rotated.Follow(files, rotated.Source{What: flag, Path: path, MaxBytes: provenance.MaxRing}, provenance.ReadRing)
}

// readRing reads public keys once, for what is done once.
func readRing(path string) (*provenance.Ring, error) {
	data, err := readLimited(path, provenance.MaxRing)
	if err != nil {
		return nil, err
	}
	return provenance.ReadRing(data)
}
