package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"time"

	"github.com/Masterminds/semver/v3"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/archive"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/pack"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/provenance"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// packaged is a chart as it is published.
type packaged struct {
	archive []byte
	source  *chart.Source
	chart   *chart.Chart
	// provenance is the signature that came with an archive; nil if none did.
	provenance []byte
}

func (p *packaged) digest() string { return fmt.Sprintf("sha256:%x", sha256.Sum256(p.archive)) }

// file is the name that the archive has outside of registries.
func (p *packaged) file() string {
	return provenance.FileName(p.chart.Metadata.Name, p.chart.Metadata.Version)
}

// metadata is the archive's Chart.yaml.
func (p *packaged) metadata() ([]byte, error) {
	content, err := archive.Read(p.archive)
	if err != nil {
		return nil, err
	}
	return content.Files["Chart.yaml"], nil
}

// pack makes the archive of a directory; one that is packaged already stays as
// it is.
func (o *publishOptions) pack(path string) (*packaged, error) {
	if err := checkVersion("--version", o.version); err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, fault.New(fault.Usage, "publish", path, "%w", withoutPath(err))
	}
	if info.IsDir() {
		p, err := pack.DirAs(path, o.version)
		if err != nil {
			return nil, err
		}
		out, err := packagedOf(p.Archive, path)
		if err == nil && o.version == "" && out.chart.Metadata.Version == pack.Unreleased {
			return nil, fault.New(fault.Usage, "publish", path, "Chart.yaml says version %s, which stands for one that is given", pack.Unreleased).
				WithHint("give it with --version, or write it into Chart.yaml")
		}
		return out, err
	}
	data, err := readLimited(path, archive.MaxCompressed)
	if err != nil {
		return nil, err
	}
	p, err := packagedOf(data, path)
	if err != nil {
		return nil, err
	}
	if loaded := p.chart; o.version != "" && o.version != loaded.Metadata.Version {
		return nil, fault.New(fault.Usage, "", "--version", "the archive holds version %s", loaded.Metadata.Version).
			WithHint("publish the chart's directory under another version")
	}
	if p.provenance, err = provenanceBeside(path, p); err != nil {
		return nil, fault.Wrap(fault.Usage, "read", path+provenanceSuffix, err)
	}
	return p, nil
}

// checkVersion refuses a version that a flag gives and that is none.
func checkVersion(flag, version string) error {
	if version == "" {
		return nil
	}
	if _, err := semver.StrictNewVersion(version); err != nil {
		return fault.New(fault.Usage, "", flag, "%q is no SemVer version", version).WithHint("write MAJOR.MINOR.PATCH, for example 0.0.29")
	}
	return nil
}

// provenanceSuffix is what a signature's file is called after its archive.
const provenanceSuffix = ".prov"

// provenanceBeside reads the signature that "helm package --sign" wrote beside an
// archive; nil if there is none.
func provenanceBeside(path string, p *packaged) ([]byte, error) {
	text, err := readLimited(path+provenanceSuffix, provenance.MaxBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return text, provenance.Fits(text, p.file(), p.archive)
}

// packagedOf reads an archive; path is for messages.
func packagedOf(data []byte, path string) (*packaged, error) {
	source, err := chart.FromArchive(data, path)
	if err != nil {
		return nil, err
	}
	loaded, err := source.Load()
	if err != nil {
		return nil, err
	}
	return &packaged{archive: data, source: source, chart: loaded}, nil
}

// sourceDate is SOURCE_DATE_EPOCH (https://reproducible-builds.org/specs/source-date-epoch/),
// or now.
func sourceDate() (time.Time, error) {
	text := os.Getenv("SOURCE_DATE_EPOCH")
	if text == "" {
		return time.Now(), nil
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}, fault.New(fault.Usage, "", "SOURCE_DATE_EPOCH", "%q is no number of seconds since 1970", text)
	}
	return time.Unix(seconds, 0), nil
}
