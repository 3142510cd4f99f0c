// Command image makes Bayplan's container image, for whoever has Go and no
// Docker daemon:
//
//	go run ./deploy/image --version 1.2.3 --output bayplan.tar --push harbor.example/toolforge/bayplan:1.2.3
//
// There is no base image: the file system holds one static binary, the
// certificates of public authorities, a bill of materials (SBOM) and the licence.
// The same source and Go give the same digest, wherever and by whomever it is
// built. It builds `cmd/bayplan` with the go command and never imports it.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := newCommand().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(2) //nolint:gocritic // what the deferred call does, the end of the process does too
	}
}

// options say what is built, and where it goes.
type options struct {
	source      string
	version     string
	platforms   []string
	output      string
	push        []string
	anyRevision bool
}

func newCommand() *cobra.Command {
	o := &options{}
	cmd := &cobra.Command{
		Use:   "image",
		Short: "Make Bayplan's container image",
		Long: `Image builds bayplan for each platform, and makes one OCI image index of them.
It prints the digest of what it made.

SOURCE_DATE_EPOCH is the time in it, else that of the commit. A registry is shown
Docker's credentials (docker login, oras login, crane auth login); a tag that
leads to something else already is left alone.`,
		Example: `  go run ./deploy/image --output bayplan.tar
  go run ./deploy/image --version 1.2.3 --push harbor.example/toolforge/bayplan:1.2.3`,
		Args:          cobra.NoArgs,
		SilenceErrors: true, SilenceUsage: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			made, err := o.run(cmd.Context())
			if err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), made)
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.source, "source", ".", "`FOLDER` with the source, in a git clone")
	flags.StringVar(&o.version, "version", "", "`VERSION` that bayplan says it is (default: what Go makes of the commit)")
	flags.StringArrayVar(&o.platforms, "platform", []string{"linux/amd64", "linux/arm64"}, "`PLATFORM` to build for (repeatable)")
	flags.StringVar(&o.output, "output", "", "write an OCI image layout into this `FOLDER`, or an archive of one if the name ends in .tar")
	flags.StringArrayVar(&o.push, "push", nil, "push to this `REFERENCE` (repeatable)")
	flags.BoolVar(&o.anyRevision, "any-revision", false, "build although git does not know the source, or it was changed since")
	return cmd
}

// run gives the digest of the index that it made.
func (o *options) run(ctx context.Context) (digest string, err error) {
	if o.output == "" && len(o.push) == 0 {
		return "", errors.New("nothing is wanted of the image: name a file with --output, or a registry with --push")
	}
	targets, err := parseTargets(o.push)
	if err != nil {
		return "", err
	}
	made, err := o.build(ctx)
	if err != nil {
		return "", err
	}
	if o.output != "" {
		if err := made.write(o.output); err != nil {
			return "", fmt.Errorf("write %s: %w", o.output, err)
		}
	}
	for _, target := range targets {
		if err := made.push(ctx, target); err != nil {
			return "", fmt.Errorf("push %s: %w", target, err)
		}
	}
	hash, err := made.index.Digest()
	return hash.String(), err
}
