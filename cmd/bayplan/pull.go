package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/archive"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/provenance"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/artifact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

type pullOptions struct {
	std     streams
	output  outputFlag
	source  sourceFlags
	dir     string
	untar   bool
	timeout time.Duration
}

func newPullCommand(std streams) *cobra.Command {
	o := &pullOptions{std: std}
	cmd := &cobra.Command{
		Use:   "pull oci://HOST/PATH/image-config:VERSION",
		Short: "Fetch a published chart, and check who signed it",
		Long: `Pull fetches one version of a catalog chart, by version, digest or range, checks
it against its digests, and writes the archive as "helm pull" does, with its
.prov file beside it where it is signed; --untar writes the files instead.

With --keyring it says whose signature the chart has, and writes nothing that
does not fit its signature; with --require-signed nothing that no key of the
keyring signed.

The exit code is 1 if there is no such version.`,
		Example: `  bayplan pull oci://harbor.example/toolforge/image-config:0.0.28
  bayplan pull oci://harbor.example/toolforge/image-config --constraint '>=0.0.28' --untar -d /tmp
  bayplan pull oci://harbor.example/toolforge/image-config:0.0.28 --keyring maintainers.gpg --require-signed`,
		DisableFlagsInUseLine: true,
		Args:                  oneArgument("a chart in a registry"),
		ValidArgsFunction:     completePublished,
		RunE:                  func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args[0]) },
	}
	flags := cmd.Flags()
	flags.StringVarP(&o.dir, "destination", "d", ".", "`FOLDER` to write to; it is made if there is none")
	flags.BoolVar(&o.untar, "untar", false, "write the chart's files, into a folder of its name")
	flags.DurationVar(&o.timeout, "timeout", 30*time.Second, "how long it may take")
	keepLocal(cmd, "timeout")
	o.source.registerVersion(cmd)
	o.output.register(cmd)
	return cmd
}

// pulled is the answer of pull as data.
type pulled struct {
	Reference     artifact.Reference `json:"reference"`
	Version       string             `json:"version"`
	Digest        string             `json:"digest"`
	ArchiveDigest string             `json:"archive_digest"`
	// VerifiedBy is whose signature was checked and is good; "" if nobody's was.
	VerifiedBy string `json:"verified_by,omitempty"`
	Path       string `json:"path"`
}

func (o *pullOptions) run(ctx context.Context, name string) error {
	ref, err := artifact.ParseReference(name)
	if err != nil {
		return err
	}
	o.source.catalog = name
	selection, err := o.source.selection(ref)
	if err != nil {
		return err
	}
	trust, err := o.source.trust()
	if err != nil {
		return err
	}
	client, err := chartClient(ctx, o.source.registries, artifact.Options{Provenance: true, EveryBlob: true, Timeout: o.timeout})
	if err != nil {
		return err
	}
	stop := o.std.whileWaiting(func() string { return "pulling from " + ref.Host })
	chart, err := client.Pull(ctx, ref, selection)
	stop()
	if fault.Is(err, fault.NotFound) {
		printError(o.std.err, err)
		return errFindings
	}
	if err != nil {
		return err
	}
	signature := trust.Check(chart)
	if err := signature.Admit(chart.Reference.String()); err != nil {
		return err
	}
	result := pulled{Reference: chart.Reference, Version: chart.Version, Digest: chart.Digest, ArchiveDigest: chart.ArchiveDigest}
	switch {
	case signature.By != nil:
		result.VerifiedBy = signature.By.Identity
	case signature.Checked:
		fmt.Fprintf(o.std.err, "warning: no key of the keyring vouches for it: %s\n", shown(signature.Err.Error()))
	}
	if result.Path, err = o.write(chart); err != nil {
		return fault.Wrap(fault.Usage, "write", o.dir, err)
	}
	return o.print(result)
}

func (o *pullOptions) print(p pulled) error {
	return o.output.print(o.std.out, p, func() error {
		rows := [][]string{{p.Path, p.Version, orDash(p.VerifiedBy), p.Digest}}
		return printTable(o.std, []string{"WRITTEN", "VERSION", "SIGNED BY", "DIGEST"}, rows)
	})
}

// write writes the archive, or its files, and gives the path.
func (o *pullOptions) write(chart *artifact.Chart) (string, error) {
	if err := os.MkdirAll(o.dir, 0o755); err != nil {
		return "", withoutPath(err)
	}
	if !o.untar {
		file := filepath.Join(o.dir, provenance.FileName(chart.Metadata.Name, chart.Metadata.Version))
		if chart.Provenance != nil {
			if err := os.WriteFile(file+provenanceSuffix, chart.Provenance, 0o644); err != nil {
				return "", err
			}
		}
		return file, os.WriteFile(file, chart.Archive, 0o644)
	}
	content, err := archive.Read(chart.Archive)
	if err != nil {
		return "", err
	}
	folder := filepath.Join(o.dir, chart.Metadata.Name)
	if err := os.Mkdir(folder, 0o755); err != nil {
		if errors.Is(err, os.ErrExist) {
			return "", fmt.Errorf("there is a %s already", folder)
		}
		return "", err
	}
	return folder, writeFiles(folder, content.Files)
}
