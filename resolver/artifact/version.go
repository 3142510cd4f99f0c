package artifact

import (
	"strings"

	"github.com/Masterminds/semver/v3"
)

// TagOf gives the tag under which a version is stored. A tag cannot hold "+", so
// Helm writes "_" for it, and so do we (https://github.com/helm/helm/issues/10166).
func TagOf(version string) string { return strings.ReplaceAll(version, "+", "_") }

// VersionOf gives the version that a tag stands for; the reverse of [TagOf]
// (SemVer knows no "_").
func VersionOf(tag string) string { return strings.ReplaceAll(tag, "_", "+") }

// namesVersion tells whether a tag promises one version, which Chart.yaml then has
// to keep. Anything else ("latest", "stable", "1.2") is a moving tag.
func namesVersion(version string) bool {
	_, err := semver.StrictNewVersion(strings.TrimPrefix(version, "v"))
	return err == nil
}
