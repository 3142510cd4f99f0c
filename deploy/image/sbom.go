package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"runtime/debug"
	"strings"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/google/uuid"
	"github.com/package-url/packageurl-go"
)

// sbomType is the media type of a bill of materials.
const sbomType = "application/vnd.cyclonedx+json"

// sbom lists what the program was built from, as it says itself: its modules with
// their checksums, and Go's own library; and where the certificates beside it are
// from. It is CycloneDX 1.6, in JSON.
func (p *program) sbom(at time.Time) ([]byte, error) {
	own := component(cdx.ComponentTypeApplication, p.info.Main.Path, p.version, "")
	own.Hashes = &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: p.sha256()}}
	own.Licenses = &cdx.Licenses{{License: &cdx.License{ID: licence}}}
	own.Properties = &[]cdx.Property{
		{Name: "go:version", Value: p.info.GoVersion},
		{Name: "go:platform", Value: p.platform.String()},
		{Name: "vcs:revision", Value: p.revision()},
	}
	parts := []cdx.Component{component(cdx.ComponentTypeLibrary, "std", strings.TrimPrefix(p.info.GoVersion, "go"), "")}
	for _, module := range p.info.Deps {
		parts = append(parts, ofModule(module))
	}
	needs := make([]string, len(parts))
	for i, part := range parts {
		needs[i] = part.BOMRef
	}
	roots, err := rootsFrom()
	if err != nil {
		return nil, err
	}
	certificates := ofModule(roots)
	certificates.Type = cdx.ComponentTypeData
	certificates.Properties = &[]cdx.Property{{Name: "file", Value: rootsPath}}
	parts = append(parts, certificates)
	bom := cdx.NewBOM()
	bom.SerialNumber = uuid.NewSHA1(uuid.NameSpaceURL, []byte(own.PackageURL+"#"+p.sha256())).URN()
	bom.Metadata = &cdx.Metadata{Timestamp: at.Format(time.RFC3339), Component: &own}
	bom.Components = &parts
	bom.Dependencies = &[]cdx.Dependency{{Ref: own.BOMRef, Dependencies: &needs}}
	var out bytes.Buffer
	err = cdx.NewBOMEncoder(&out, cdx.BOMFileFormatJSON).SetPretty(true).EncodeVersion(bom, cdx.SpecVersion1_6)
	return out.Bytes(), err
}

func ofModule(module *debug.Module) cdx.Component {
	if module.Replace != nil {
		module = module.Replace
	}
	return component(cdx.ComponentTypeLibrary, module.Path, module.Version, module.Sum)
}

// component describes a module. sum is Go's checksum of it, or "".
func component(kind cdx.ComponentType, path, version, sum string) cdx.Component {
	slash := strings.LastIndexByte(path, '/')
	purl := packageurl.NewPackageURL(packageurl.TypeGolang, path[:max(slash, 0)], path[slash+1:], version, nil, "").ToString()
	c := cdx.Component{Type: kind, BOMRef: purl, Name: path, Version: version, PackageURL: purl}
	if digest, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(sum, "h1:")); err == nil && len(digest) > 0 {
		c.Hashes = &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: hex.EncodeToString(digest)}}
	}
	return c
}
