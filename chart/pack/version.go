package pack

import (
	"fmt"
	"regexp"

	"sigs.k8s.io/yaml"
)

// unreleased is the version of a chart whose releases are numbered elsewhere.
const unreleased = "0.0.0"

// versionLine is the version in Chart.yaml, up to a comment behind it.
var versionLine = regexp.MustCompile(`(?m)^version:[ \t]*[^ \t\r\n#]+`)

// setVersion makes Chart.yaml say a version.
func setVersion(files []File, version string) error {
	for i, f := range files {
		if f.Name != "Chart.yaml" {
			continue
		}
		switch says := versionIn(f.Data); says {
		case version:
			return nil
		case unreleased:
		default:
			return fmt.Errorf("its Chart.yaml says version %s, so it cannot be packaged as %s: change it there, or let it say %s", says, version, unreleased)
		}
		files[i].Data = versionLine.ReplaceAll(f.Data, []byte("version: "+version))
		if versionIn(files[i].Data) != version {
			return fmt.Errorf("the version in Chart.yaml cannot be set: write it as a line of its own, version: %s", unreleased)
		}
	}
	return nil
}

func versionIn(chartYAML []byte) string {
	var says struct {
		Version string `json:"version"`
	}
	if yaml.Unmarshal(chartYAML, &says) != nil {
		return ""
	}
	return says.Version
}
