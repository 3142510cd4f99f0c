package main

import (
	"os"
	"path/filepath"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

const (
	// binaryPath is where the program lies, and sbomPath where what it is made of
	// does; scanners look for the latter's ending.
	binaryPath = "/usr/bin/bayplan"
	sbomPath   = "/usr/share/sbom/bayplan.cdx.json"
	// rootsPath is where Go looks first. A platform with authorities of its own
	// mounts its file there, or names it in SSL_CERT_FILE.
	rootsPath = "/etc/ssl/certs/ca-certificates.crt"
	// user is who runs it where nobody says otherwise: any other will do.
	user = "65532:65532"

	licence = "Apache-2.0"
	home    = "https://gitlab.wikimedia.org/repos/cloud/toolforge/bayplan"
)

// imageOf makes the image of one platform.
func imageOf(p *program, sbom, licenceText []byte, at time.Time) (v1.Image, error) {
	// What changes seldom is a layer of its own, which nobody fetches twice.
	still, err := layerOf([]file{
		{name: "etc/", mode: 0o755}, {name: "etc/ssl/", mode: 0o755}, {name: "etc/ssl/certs/", mode: 0o755},
		{name: rootsPath[1:], mode: 0o444, content: roots()},
		{name: "tmp/", mode: 0o1777},
	}, time.Unix(0, 0))
	if err != nil {
		return nil, err
	}
	moving, err := layerOf([]file{
		{name: "usr/", mode: 0o755}, {name: "usr/bin/", mode: 0o755},
		{name: binaryPath[1:], mode: 0o555, content: p.binary},
		{name: "usr/share/", mode: 0o755}, {name: "usr/share/doc/", mode: 0o755}, {name: "usr/share/doc/bayplan/", mode: 0o755},
		{name: "usr/share/doc/bayplan/LICENSE", mode: 0o444, content: licenceText},
		{name: "usr/share/sbom/", mode: 0o755},
		{name: sbomPath[1:], mode: 0o444, content: sbom},
	}, at)
	if err != nil {
		return nil, err
	}
	history := func(what string) v1.History {
		return v1.History{Created: v1.Time{Time: at}, CreatedBy: "deploy/image: " + what}
	}
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	image, err = mutate.Append(image,
		mutate.Addendum{Layer: still, History: history("authorities")},
		mutate.Addendum{Layer: moving, History: history("bayplan")})
	if err != nil {
		return nil, err
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Variant = p.platform.OS, p.platform.Architecture, p.platform.Variant
	config.Created = v1.Time{Time: at}
	config.Config = v1.Config{
		User: user, Entrypoint: []string{binaryPath}, WorkingDir: "/",
		Env: []string{"PATH=" + filepath.Dir(binaryPath)}, Labels: labels(p, at),
	}
	if image, err = mutate.ConfigFile(image, config); err != nil {
		return nil, err
	}
	return mutate.Annotations(image, labels(p, at)).(v1.Image), nil
}

// labels say what it is, in OCI's words; as annotations too.
func labels(p *program, at time.Time) map[string]string {
	out := map[string]string{
		"org.opencontainers.image.title":       "bayplan",
		"org.opencontainers.image.description": "One HTTP endpoint that lists a platform's container images",
		"org.opencontainers.image.licenses":    licence,
		"org.opencontainers.image.source":      home,
		"org.opencontainers.image.version":     p.version,
		"org.opencontainers.image.created":     at.Format(time.RFC3339),
	}
	if revision := p.revision(); revision != "" {
		out["org.opencontainers.image.revision"] = revision
	}
	return out
}

func readLicence(source string) ([]byte, error) { return os.ReadFile(filepath.Join(source, "LICENSE")) }
