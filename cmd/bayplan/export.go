package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/seed"
)

// exportFormat is the version of what export writes: a reader that knows the
// major number understands it.
const exportFormat = "1.1"

type exportOptions struct {
	std     streams
	answers answerFlags
	signing signingFlags
	out     string
	gzip    bool
	verify  string
}

func newExportCommand(std streams) *cobra.Command {
	o := &exportOptions{std: std}
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write everything that is public into a file that any web server can serve",
		Long: `Export asks a server, or with --catalog the registries themselves, and writes the
complete public answer into one file: "images" and "messages" as GET /v1/images
has them, so that whoever reads that reads this too, with the legacy view under
"image_config" and where it came from under "export". Images of private projects
are not in it.

--gzip writes FILE.gz beside it, for web servers that send what is compressed
already, and --sign FILE.asc, a signature that gpg --verify checks too. --verify
checks a file against its signature and the keys of --keyring.`,
		Example: `  bayplan export --server http://127.0.0.1:8080 --out images.json --gzip
  bayplan export --server http://127.0.0.1:8080 --out images.json --sign --secret-keyring maintainers.gpg
  bayplan export --verify images.json --keyring maintainers.pub`,
		Args:              noArguments,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.verify != "" {
				return o.runVerify()
			}
			if err := o.check(); err != nil {
				return err
			}
			return o.answers.ask(cmd.Context(), std, o.run)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.out, "out", "", "`FILE` to write (default: standard output)")
	flags.BoolVar(&o.gzip, "gzip", false, "write FILE.gz too")
	flags.StringVar(&o.verify, "verify", "", "check the signature of this `FILE` instead, FILE.asc beside it")
	keepLocal(cmd)
	o.answers.register(cmd)
	o.signing.register(cmd)
	return cmd
}

func (o *exportOptions) check() error {
	if o.out == "" && (o.gzip || o.signing.wanted) {
		return fault.New(fault.Usage, "", "--out", "what is written beside the file needs the file's name")
	}
	return nil
}

// exported is what export writes.
type exported struct {
	Export      exportHead      `json:"export"`
	Images      json.RawMessage `json:"images"`
	ImageConfig json.RawMessage `json:"image_config"`
	Messages    api.Messages    `json:"messages"`
}

// exportHead says where an export came from.
type exportHead struct {
	Format    string       `json:"format"`
	CreatedAt time.Time    `json:"created_at"`
	Catalog   exportOrigin `json:"catalog"`
	// Sources are those of the images that do not answer now.
	Sources []seed.Source `json:"sources,omitempty"`
}

// exportOrigin is the catalog that was served.
type exportOrigin struct {
	Chart      string `json:"chart"`
	Version    string `json:"version,omitempty"`
	Digest     string `json:"digest,omitempty"`
	Reference  string `json:"reference"`
	Verified   bool   `json:"verified"`
	VerifiedBy string `json:"verified_by,omitempty"`
}

func (o *exportOptions) run(ctx context.Context, who *asker) error {
	created, err := sourceDate()
	if err != nil {
		return err
	}
	answer, err := everything(ctx, who)
	if err != nil {
		return err
	}
	answer.Export.Format, answer.Export.CreatedAt = exportFormat, created.UTC().Truncate(time.Second)
	text, err := json.Marshal(answer)
	if err != nil {
		return fault.Wrap(fault.Internal, "export", "", err)
	}
	text = append(text, '\n')
	printMessages(o.std, answer.Messages, who.failures)
	if o.out == "" {
		_, err := o.std.out.Write(text)
		return err
	}
	return o.write(text)
}

// everything asks for all that is public.
func everything(ctx context.Context, who *asker) (*exported, error) {
	var list struct {
		Images   json.RawMessage `json:"images"`
		Messages api.Messages    `json:"messages"`
	}
	if err := who.get(ctx, "v1/images", nil, &list); err != nil {
		return nil, err
	}
	out := &exported{Images: list.Images, Messages: list.Messages}
	if err := who.get(ctx, "v1/image-config", nil, &out.ImageConfig); err != nil {
		return nil, err
	}
	var served api.CatalogAnswer
	if err := who.get(ctx, "v1/catalog", nil, &served); err != nil {
		return nil, err
	}
	c := served.Catalog
	out.Export.Catalog = exportOrigin{
		Chart: c.Chart, Version: c.Version, Digest: c.Digest, Reference: c.Reference, Verified: c.Verified, VerifiedBy: c.VerifiedBy,
	}
	out.Export.Sources = seed.Sources(&c)
	return out, nil
}

// write writes the file and what belongs beside it, each in one step.
func (o *exportOptions) write(text []byte) error {
	files := map[string][]byte{o.out: text}
	if o.gzip {
		packed, err := gzipped(text)
		if err != nil {
			return err
		}
		files[o.out+".gz"] = packed
	}
	if o.signing.wanted {
		key, err := o.signing.private()
		if err != nil {
			return err
		}
		if files[o.out+".asc"], err = key.Detached(text, time.Now()); err != nil {
			return fault.Wrap(fault.Usage, "sign", o.out, err)
		}
	}
	for path, data := range files {
		if err := writeAtOnce(path, data); err != nil {
			return fault.Wrap(fault.Usage, "write", path, withoutPath(err))
		}
	}
	fmt.Fprintf(o.std.err, "%d bytes written to %s\n", len(text), o.out)
	return nil
}

// gzipped makes the same bytes of the same text, whenever.
func gzipped(text []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(text); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// writeAtOnce puts a file in the place of what is there, so that a reader has
// the one or the other, whole.
func writeAtOnce(path string, data []byte) error {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(file.Name()) }() // it is gone where all went well
	if _, err = file.Write(data); err == nil {
		err = file.Sync()
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Chmod(file.Name(), 0o644)
	}
	if err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}

// runVerify checks a file against the signature beside it.
func (o *exportOptions) runVerify() error {
	if o.answers.source.keyring == "" {
		return fault.New(fault.Usage, "", "--verify", "it needs the public keys that count").
			WithHint("export them with gpg --export, and name the file with --keyring")
	}
	ring, err := readRing(o.answers.source.keyring)
	if err != nil {
		return fault.Wrap(fault.Usage, "read --keyring", o.answers.source.keyring, err)
	}
	text, err := readLimited(o.verify, maxAnswer)
	if err != nil {
		return fault.Wrap(fault.Usage, "verify", o.verify, err)
	}
	signature, err := readLimited(o.verify+".asc", maxSettings)
	if err != nil {
		return fault.Wrap(fault.Usage, "verify", o.verify+".asc", err)
	}
	signer, err := ring.VerifyDetached(bytes.NewReader(text), signature)
	if err != nil {
		return fault.Wrap(fault.Tampered, "verify", o.verify, err)
	}
	fmt.Fprintf(o.std.out, "%s is signed by %s\n", o.verify, shown(signer.Identity))
	return nil
}
