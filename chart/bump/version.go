package bump

import (
	"fmt"
	"regexp"
	"time"

	"github.com/Masterminds/semver/v3"
)

// FirstVersion is proposed where nothing was published yet.
const FirstVersion = "0.1.0"

// released gives the release that a version stands for: builds such as
// 0.0.28-20260722001336-ea583302 are formally pre-releases, and any pre-release is
// followed as if it were the release.
func released(v *semver.Version) *semver.Version {
	return semver.New(v.Major(), v.Minor(), v.Patch(), "", "")
}

// Next gives the version that a step leads to. Below 1.0.0 each step is one
// smaller, as ranges such as ^0.2 have it: what breaks somebody grows the second
// number, all else the third.
func Next(published *semver.Version, step Step) *semver.Version {
	next := *released(published)
	if next.Major() == 0 && step > Patch {
		step--
	}
	switch step {
	case Major:
		next = next.IncMajor()
	case Minor:
		next = next.IncMinor()
	case Patch:
		next = next.IncPatch()
	}
	return &next
}

// Enough refuses a version that is a smaller step than is demanded, or none. Of a
// pre-release the release counts.
func Enough(published, version *semver.Version, step Step) error {
	if !version.GreaterThan(published) {
		return fmt.Errorf("%s does not come after %s, which is published", version, published)
	}
	if next := Next(published, step); released(version).LessThan(next) {
		return fmt.Errorf("%s is too small a step from %s: what changed is %s, so it is %s or later", version, published, step, next)
	}
	return nil
}

// commitForm is a commit, of which the first eight digits are used.
var commitForm = regexp.MustCompile(`^[0-9a-f]{8,64}$`)

// NextBuild gives the version of the next build, 0.0.N-<time>-<commit>, where N
// grows by one; without a version before it is 0.0.1. The commit has 8
// hexadecimal digits or more.
func NextBuild(published *semver.Version, at time.Time, commit string) (*semver.Version, error) {
	if !commitForm.MatchString(commit) {
		return nil, fmt.Errorf("%q is no commit: give 8 hexadecimal digits or more", commit)
	}
	next := *semver.New(0, 0, 1, "", "")
	if published != nil {
		next = released(published).IncPatch()
	}
	build, err := next.SetPrerelease(at.UTC().Format("20060102150405") + "-" + commit[:8])
	if err != nil {
		return nil, err
	}
	return &build, nil
}

// First gives the version of a chart of which nothing was published yet: its own,
// if it has one and not 0.0.0, which says that it is numbered later.
func First(own *semver.Version) *semver.Version {
	if released(own).Equal(semver.New(0, 0, 0, "", "")) {
		return semver.MustParse(FirstVersion)
	}
	return own
}
