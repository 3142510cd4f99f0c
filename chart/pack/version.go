package pack

import (
	"fmt"
	"regexp"

	"sigs.k8s.io/yaml"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/archive"
)

// Unreleased is the version of a chart whose releases are numbered elsewhere.
const Unreleased = "0.0.0"

// versionLine is the version in Chart.yaml, up to a comment behind it.
var versionLine = regexp.MustCompile(`(?m)^version:[ \t]*[^ \t\r\n#]+`)

// As packages an archive's files anew under another version, and changes nothing
// else: older content that is to be published again.
func As(data []byte, version string) (*Package, error) {
	content, err := archive.Read(data)
	if err != nil {
		return nil, err
	}
	files := make([]File, 0, len(content.Files))
	for name, text := range content.Files {
		files = append(files, File{Name: name, Data: text})
	}
	if err := writeVersion(files, version); err != nil {
		return nil, err
	}
	return Files(files)
}

// setVersion makes Chart.yaml say a version, if it leaves that to whoever
// releases it.
func setVersion(files []File, version string) error {
	switch says := versionIn(files); says {
	case version:
		return nil
	case Unreleased:
		return writeVersion(files, version)
	default:
		return fmt.Errorf("its Chart.yaml says version %s, so it cannot be packaged as %s: change it there, or let it say %s", says, version, Unreleased)
	}
}

func writeVersion(files []File, version string) error {
	for i, f := range files {
		if f.Name == chartFile {
			files[i].Data = versionLine.ReplaceAll(f.Data, []byte("version: "+version))
		}
	}
	if versionIn(files) != version {
		return fmt.Errorf("the version in Chart.yaml cannot be set: write it as a line of its own, version: %s", Unreleased)
	}
	return nil
}

func versionIn(files []File) string {
	for _, f := range files {
		var says struct {
			Version string `json:"version"`
		}
		if f.Name == chartFile && yaml.Unmarshal(f.Data, &says) == nil {
			return says.Version
		}
	}
	return ""
}
