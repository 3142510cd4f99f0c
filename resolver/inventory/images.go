package inventory

import (
	"cmp"
	"slices"
	"strings"
	"time"
	"unique"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbor"
)

// typeImage is Harbor's word for container images, indexes of them included.
// Charts and the like are no images to run.
const typeImage = "IMAGE"

// imagesOf gives the tagged images among artifacts, sorted by tag. Signatures,
// attestations and SBOMs that are stored under a tag are none, nor are markers
// where they are read.
func imagesOf(artifacts []harbor.Artifact, markers bool) []Image {
	var out []tagged
	for _, a := range artifacts {
		if a.Type != typeImage {
			continue
		}
		digest, ok := ParseDigest(a.Digest)
		if !ok {
			continue
		}
		for _, tag := range a.Tags {
			if !isAttachment(tag.Name) && (!markers || !isMarker(tag.Name)) {
				out = append(out, tagged{imageOf(a, digest, tag), tag.PushTime})
			}
		}
	}
	// A tag that moved while a list was read is on two artifacts: the later wins.
	slices.SortStableFunc(out, func(a, b tagged) int {
		return cmp.Or(cmp.Compare(a.image.Tag, b.image.Tag), b.at.Compare(a.at))
	})
	out = slices.CompactFunc(out, func(a, b tagged) bool { return a.image.Tag == b.image.Tag })
	if len(out) == 0 {
		return nil
	}
	images := make([]Image, len(out))
	for i, t := range out {
		images[i] = t.image
	}
	return images
}

// tagged is an image, and when its tag was put where it is.
type tagged struct {
	image Image
	at    time.Time
}

func imageOf(a harbor.Artifact, digest Digest, tag harbor.Tag) Image {
	image := Image{
		Tag: unique.Make(tag.Name).Value(), Digest: digest, Size: a.Size,
		Details: unique.Make(Details{
			Platforms: strings.Join(a.Platforms, ","), Stack: a.Buildpack.Stack,
			RunImage: cmp.Or(a.Buildpack.RunImageName, a.Buildpack.RunImage), Signed: a.Signed,
		}),
	}
	if !a.PushTime.IsZero() {
		image.Pushed = a.PushTime.UnixMilli()
	}
	if v := a.Vulnerabilities; v != nil {
		image.Scan = &Scan{
			Critical: v.Critical, High: v.High, Medium: v.Medium, Low: v.Low,
			Negligible: v.Negligible, Unknown: v.Unknown, Fixable: v.Fixable, At: v.At.UnixMilli(),
		}
	}
	return image
}

// isAttachment tells the tags that cosign puts signatures, attestations and
// SBOMs under: sha256-<hex> and an ending.
func isAttachment(tag string) bool {
	rest, ok := strings.CutPrefix(tag, "sha256-")
	if !ok {
		return false
	}
	for _, ending := range []string{".sig", ".att", ".sbom"} {
		if hex, ok := strings.CutSuffix(rest, ending); ok {
			return len(hex) == 64 && strings.Trim(hex, "0123456789abcdef") == ""
		}
	}
	return false
}
