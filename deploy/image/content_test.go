package main

import (
	"archive/tar"
	"bytes"
	"debug/buildinfo"
	"debug/elf"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	cdx "github.com/CycloneDX/cyclonedx-go"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/validate"
	"github.com/package-url/packageurl-go"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
)

// filesOf gives the files of an image's file system, by their path.
func filesOf(t *testing.T, image v1.Image) map[string]*tarred {
	t.Helper()
	whole := mutate.Extract(image)
	defer func() { require.NoError(t, whole.Close()) }()
	out := map[string]*tarred{}
	for r := tar.NewReader(whole); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		require.NoError(t, err)
		content, err := io.ReadAll(r)
		require.NoError(t, err)
		out["/"+path.Clean(header.Name)] = &tarred{header, content}
	}
}

type tarred struct {
	*tar.Header
	content []byte
}

// There is one program, which needs no other file, and nothing that one could
// start besides.
func TestImageHoldsOneStaticBinary(t *testing.T) {
	made := built(t)
	folder := filepath.Join(t.TempDir(), "layout")
	require.NoError(t, made.write(folder))
	written, err := layout.ImageIndexFromPath(folder)
	require.NoError(t, err)
	require.NoError(t, validate.Index(written))
	manifest, err := made.index.IndexManifest()
	require.NoError(t, err)
	require.Len(t, manifest.Manifests, len(strings.Split(*platforms, ",")))
	for _, m := range manifest.Manifests {
		image, err := made.index.Image(m.Digest)
		require.NoError(t, err)
		var regular, executable []string
		files := filesOf(t, image)
		for name, f := range files {
			require.Zero(t, f.Uid+f.Gid, name)
			require.Contains(t, []byte{tar.TypeReg, tar.TypeDir}, f.Typeflag, name)
			if f.Typeflag == tar.TypeReg {
				regular = append(regular, name)
				require.Zero(t, f.Mode&0o222, name)
				if f.Mode&0o111 != 0 {
					executable = append(executable, name)
				}
			}
		}
		require.ElementsMatch(t, []string{binaryPath, rootsPath, sbomPath, "/usr/share/doc/bayplan/LICENSE"}, regular)
		require.Equal(t, []string{binaryPath}, executable)
		program, err := elf.NewFile(bytes.NewReader(files[binaryPath].content))
		require.NoError(t, err)
		libraries, err := program.ImportedLibraries()
		require.NoError(t, err)
		require.Empty(t, libraries)
		require.False(t, slices.ContainsFunc(program.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP }))
		require.Equal(t, map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}[m.Platform.Architecture], program.Machine)
	}
}

func TestImageSaysWhatItIs(t *testing.T) {
	made := built(t)
	image := made.native(t)
	config, err := image.ConfigFile()
	require.NoError(t, err)
	require.Equal(t, user, config.Config.User)
	require.Equal(t, []string{binaryPath}, config.Config.Entrypoint)
	require.Empty(t, config.Config.Cmd)
	require.Equal(t, []string{"PATH=/usr/bin"}, config.Config.Env)
	manifest, err := image.Manifest()
	require.NoError(t, err)
	index, err := made.index.IndexManifest()
	require.NoError(t, err)
	require.Equal(t, config.Config.Labels, manifest.Annotations)
	require.Equal(t, config.Config.Labels, index.Annotations)

	info, err := buildinfo.Read(bytes.NewReader(filesOf(t, image)[binaryPath].content))
	require.NoError(t, err)
	built := &program{info: info}
	require.Regexp(t, `^[0-9a-f]{40}$`, built.revision())
	require.Equal(t, map[string]string{
		"org.opencontainers.image.title":       "bayplan",
		"org.opencontainers.image.description": "One HTTP endpoint that lists a platform's container images",
		"org.opencontainers.image.licenses":    "Apache-2.0",
		"org.opencontainers.image.source":      "https://gitlab.wikimedia.org/repos/cloud/toolforge/bayplan",
		"org.opencontainers.image.version":     "1.2.3",
		"org.opencontainers.image.created":     "2026-07-25T17:20:00Z",
		"org.opencontainers.image.revision":    built.revision(),
	}, config.Config.Labels)
}

// The bill of materials is valid, lists what `go version -m` does, and lies in the
// image as well as beside it.
func TestBillOfMaterials(t *testing.T) {
	made := built(t)
	files := filesOf(t, made.native(t))
	text := files[sbomPath].content
	requireCycloneDX(t, text)
	bom := new(cdx.BOM)
	require.NoError(t, cdx.NewBOMDecoder(bytes.NewReader(text), cdx.BOMFileFormatJSON).Decode(bom))
	require.Equal(t, "1.2.3", bom.Metadata.Component.Version)

	info, err := buildinfo.Read(bytes.NewReader(files[binaryPath].content))
	require.NoError(t, err)
	want := []string{"pkg:golang/std@" + strings.TrimPrefix(info.GoVersion, "go")}
	for _, module := range info.Deps {
		want = append(want, packageurl.NewPackageURL("golang", path.Dir(module.Path), path.Base(module.Path), module.Version, nil, "").ToString())
	}
	require.Greater(t, len(want), 50)
	var got []string
	for i, part := range *bom.Components {
		_, err := packageurl.FromString(part.PackageURL)
		require.NoError(t, err)
		if i > 0 { // Go's own library has no checksum
			require.Len(t, (*part.Hashes)[0].Value, 64, part.PackageURL)
		}
		got = append(got, strings.Replace(part.PackageURL, "/./", "/", 1))
	}
	require.ElementsMatch(t, got[:len(got)-1], *(*bom.Dependencies)[0].Dependencies, "the certificates are data")
	roots, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Version}}", rootsModule).Output()
	require.NoError(t, err)
	require.ElementsMatch(t, append(want, "pkg:golang/"+rootsModule+"@"+strings.TrimSpace(string(roots))), got)

	beside, err := made.referrers[0].Layers()
	require.NoError(t, err)
	reader, err := beside[0].Uncompressed()
	require.NoError(t, err)
	same, err := io.ReadAll(reader)
	require.NoError(t, err)
	require.JSONEq(t, string(text), string(same))
}

// requireCycloneDX holds a document against the schema that the library has.
func requireCycloneDX(t *testing.T, text []byte) {
	t.Helper()
	folder, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/CycloneDX/cyclonedx-go").Output()
	require.NoError(t, err)
	compiler := jsonschema.NewCompiler()
	for url, name := range map[string]string{ // what they call each other, and what their files are called
		"http://cyclonedx.org/schema/bom-1.6.schema.json":  "bom-1.6.schema.json",
		"http://cyclonedx.org/schema/jsf-0.82.schema.json": "jsf-0.82.schemax.json",
		"http://cyclonedx.org/schema/spdx.schema.json":     "spdx.schema.json",
	} {
		file, err := os.Open(filepath.Join(strings.TrimSpace(string(folder)), "schema", name))
		require.NoError(t, err)
		document, err := jsonschema.UnmarshalJSON(file)
		require.NoError(t, errors.Join(err, file.Close()))
		require.NoError(t, compiler.AddResource(url, document))
	}
	schema, err := compiler.Compile("http://cyclonedx.org/schema/bom-1.6.schema.json")
	require.NoError(t, err)
	var document any
	require.NoError(t, json.Unmarshal(text, &document))
	require.NoError(t, schema.Validate(document))
}

func TestRootsAreCertificates(t *testing.T) {
	pool := strings.Count(string(roots()), "-----BEGIN CERTIFICATE-----")
	require.Greater(t, pool, 100)
}
