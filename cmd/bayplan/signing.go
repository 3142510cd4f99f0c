package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/provenance"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/artifact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/release"
)

// signingFlags say who signs a chart.
type signingFlags struct {
	wanted     bool
	ring       string
	key        string
	passphrase string
}

func (f *signingFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.BoolVar(&f.wanted, "sign", false, "sign the chart, so that Helm and servers can tell who published it")
	flags.StringVar(&f.ring, "secret-keyring", "", "`FILE` with the private key to sign with (gpg --export-secret-keys)")
	flags.StringVar(&f.key, "key", "", "whose key it is, where the file has several: a part of the owner's `NAME`, or the end of a fingerprint")
	flags.StringVar(&f.passphrase, "passphrase-file", "", "`FILE` with the passphrase of the key; without it the terminal is asked")
}

// sign puts a signature into a package, and gives the key that made it. If none is
// wanted there is no key, and the signature is the one that came with the archive.
func (f *signingFlags) sign(p *packaged, into *artifact.Package) (*provenance.Key, error) {
	if !f.wanted {
		into.Provenance = p.provenance
		return nil, nil
	}
	key, err := f.private()
	if err != nil {
		return nil, err
	}
	metadata, err := p.metadata()
	if err != nil {
		return nil, err
	}
	if into.Provenance, err = key.Sign(metadata, p.file(), p.archive, time.Now()); err != nil {
		return nil, fault.Wrap(fault.Usage, "sign", p.file(), err)
	}
	return key, nil
}

// signedBy tells whose signature a publication gets; "" if no key was given that
// made it. What is published already keeps what it has: where another signature
// is wanted than that, it is not to be had under this version.
func signedBy(plan *release.Plan, p *packaged, wanted []byte, key *provenance.Key) (string, error) {
	for _, there := range plan.There {
		if there == nil || wanted == nil {
			continue
		}
		if key == nil && bytes.Equal(there.Provenance, wanted) {
			continue
		}
		if key != nil && there.Provenance != nil {
			if _, err := key.Ring().Verify(there.Provenance, p.file(), p.archive); err == nil {
				continue
			}
		}
		has := "with another signature"
		if there.Provenance == nil {
			has = "without a signature"
		}
		return "", fault.New(fault.Conflict, "sign", there.Reference.String(), "this version is published already %s", has).
			WithHint("publish under a new version; without --sign the same goes on as it began")
	}
	if key == nil {
		return "", nil
	}
	return key.Signer().Identity, nil
}

// private reads the key to sign with.
func (f *signingFlags) private() (*provenance.Key, error) {
	if f.ring == "" {
		return nil, fault.New(fault.Usage, "", "--sign", "it needs a private key").
			WithHint("export one with gpg --export-secret-keys, and name the file with --secret-keyring")
	}
	data, err := readLimited(f.ring, provenance.MaxRing)
	if err != nil {
		return nil, fault.Wrap(fault.Usage, "read --secret-keyring", f.ring, err)
	}
	key, err := provenance.ReadKey(data, f.key, f.ask)
	if err != nil {
		return nil, fault.Wrap(fault.Usage, "read --secret-keyring", f.ring, err)
	}
	return key, nil
}

// ask gives the passphrase: of a file, or of whoever sits there.
func (f *signingFlags) ask() ([]byte, error) {
	if f.passphrase != "" {
		text, err := readLimited(f.passphrase, maxSettings)
		return bytes.TrimRight(text, "\r\n"), err
	}
	if !isTerminal(os.Stdin) || !isTerminal(os.Stderr) {
		return nil, fault.New(fault.Usage, "", "", "the private key needs a passphrase, and there is no terminal to ask for it").
			WithHint("put it into a file that only you can read, and name that with --passphrase-file")
	}
	fmt.Fprint(os.Stderr, "Passphrase: ")
	defer fmt.Fprintln(os.Stderr)
	return term.ReadPassword(int(os.Stdin.Fd()))
}

// readLimited reads a file of so many bytes at most.
func readLimited(path string, most int64) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, withoutPath(err)
	}
	defer func() { _ = file.Close() }() // nothing was written
	data, err := io.ReadAll(io.LimitReader(file, most+1))
	switch {
	case err != nil:
		return nil, withoutPath(err)
	case int64(len(data)) > most:
		return nil, fmt.Errorf("the file has more than %d bytes", most)
	}
	return data, nil
}
