package artifact

import (
	"regexp"
	"strings"

	"github.com/Masterminds/semver/v3"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// Selection says which version of a chart is wanted: an exact version (or moving
// tag), a digest, both (the digest is fetched and has to be that version), or a
// SemVer constraint over the repository's tags. What the reference itself names
// counts as if it stood here; naming nothing at all is an error, because picking
// a version is somebody's decision.
type Selection struct {
	// Version is one version, or a moving tag such as "stable".
	Version string
	// Digest is a manifest's digest, "sha256:…".
	Digest string
	// Constraint is a SemVer constraint as Masterminds/semver reads it, for example
	// ">=0.0.1" or "~1.4"; it excludes Version and Digest.
	Constraint string
	// PreReleases admits, under a constraint, the pre-releases whose whole version
	// matches, for example ^0\.0\.\d+-\d{14}-[0-9a-f]{8}$. Nil admits none. An
	// admitted pre-release is held against the constraint as the version before
	// its hyphen would be, so that >=0.0.1 takes 0.0.28-20260722001336-ea583302.
	PreReleases *regexp.Regexp
}

// within completes the selection by what the reference names, and checks it.
func (s Selection) within(ref Reference) (Selection, error) {
	bad := func(format string, args ...any) *fault.Error {
		return fault.New(fault.Usage, "choose version", ref.String(), format, args...)
	}
	s.Version = VersionOf(s.Version)
	if ref.Version != "" && s.Version != "" && ref.Version != s.Version {
		return s, bad("the reference says version %s, the selection %s", ref.Version, s.Version).WithHint("keep one of them")
	}
	if ref.Digest != "" && s.Digest != "" && ref.Digest != s.Digest {
		return s, bad("the reference says digest %s, the selection %s", ref.Digest, s.Digest).WithHint("keep one of them")
	}
	if s.Version == "" {
		s.Version = ref.Version
	}
	if s.Digest == "" {
		s.Digest = ref.Digest
	}
	switch {
	case s.Constraint != "" && (s.Version != "" || s.Digest != ""):
		return s, bad("an exact version and the constraint %q are both given", s.Constraint).
			WithHint("take the version out of the reference, or drop the constraint")
	case s.Constraint != "":
		if _, err := semver.NewConstraint(s.Constraint); err != nil {
			return s, bad("%q is no constraint: %w", s.Constraint, err).WithHint("write for example >=1.2 or ~1.4")
		}
	case s.Version == "" && s.Digest == "":
		return s, bad("no version is named").WithHint("write %s:1.2.3 or %s@sha256:…, or give a constraint", ref, ref)
	}
	return s, s.checkExact(bad)
}

func (s Selection) checkExact(bad func(string, ...any) *fault.Error) error {
	if s.Version != "" {
		if err := checkTag(s.Version); err != nil {
			return bad("version: %w", err).WithHint("%s", fault.HintOf(err))
		}
	}
	if s.Digest != "" {
		if err := checkDigest(s.Digest); err != nil {
			return bad("%w", err).WithHint("a digest is sha256: and 64 hexadecimal digits")
		}
	}
	return nil
}

// candidate is a tag that passed.
type candidate struct {
	tag     string
	version *semver.Version
}

// Choose picks, among tags, the highest version that the constraint admits, and
// gives its tag; the other fields of the selection are not looked at. Highest is
// by SemVer precedence; build metadata has none, so between versions that differ
// only in it the greater string wins, which makes the choice independent of the
// order of tags. Tags that are no strict SemVer are ignored.
//
// Errors: fault.Usage for a bad constraint, fault.NotFound when nothing counts,
// with a few of the tags and why each does not.
func (s Selection) Choose(tags []string) (string, error) {
	constraint, err := semver.NewConstraint(s.Constraint)
	if err != nil {
		return "", fault.New(fault.Usage, "choose version", "", "%q is no constraint: %w", s.Constraint, err)
	}
	var best candidate
	var passed refusals
	for _, tag := range tags {
		version, reason := s.admits(constraint, tag)
		if reason != "" {
			passed.add(tag, reason)
			continue
		}
		if c := (candidate{tag, version}); best.version == nil || c.above(best) {
			best = c
		}
	}
	if best.version == nil {
		return "", passed.err(s.Constraint)
	}
	return best.tag, nil
}

// above orders candidates totally, so that equal inputs give equal answers.
func (c candidate) above(other candidate) bool {
	if n := c.version.Compare(other.version); n != 0 {
		return n > 0
	}
	return c.tag > other.tag
}

// admits gives the version a tag stands for, or the reason why it does not count.
func (s Selection) admits(constraint *semver.Constraints, tag string) (*semver.Version, string) {
	version, err := semver.StrictNewVersion(VersionOf(tag))
	if err != nil {
		return nil, "no SemVer version"
	}
	judged := version
	if version.Prerelease() != "" {
		if s.PreReleases == nil || !s.PreReleases.MatchString(VersionOf(tag)) {
			return nil, "a pre-release that no pattern admits"
		}
		judged = semver.New(version.Major(), version.Minor(), version.Patch(), "", "")
	}
	// The second check lets a constraint that itself names a pre-release
	// (<=0.0.28-20260722001336-ea583302) reach the ones below it.
	if !constraint.Check(judged) && !constraint.Check(version) {
		return nil, "outside the constraint"
	}
	return version, ""
}

// refusals collects what to say when nothing was chosen: the last few tags of
// each reason, because listings put the newest last.
type refusals struct {
	total   int
	reasons []string
	tags    map[string][]string
}

const refusalsShown = 3

func (r *refusals) add(tag, reason string) {
	r.total++
	if r.tags == nil {
		r.tags = map[string][]string{}
	}
	seen, known := r.tags[reason]
	if !known {
		r.reasons = append(r.reasons, reason)
	}
	if len(seen) == refusalsShown {
		seen = seen[1:]
	}
	r.tags[reason] = append(seen, clip(tag))
}

func (r *refusals) err(constraint string) error {
	if r.total == 0 {
		return fault.New(fault.NotFound, "choose version", "", "the repository has no tags").
			WithHint("publish a version first")
	}
	parts := make([]string, 0, len(r.reasons))
	for _, reason := range r.reasons {
		parts = append(parts, strings.Join(r.tags[reason], ", ")+" ("+reason+")")
	}
	e := fault.New(fault.NotFound, "choose version", "", "no version matches %q; of %d tags, not counted: %s",
		constraint, r.total, strings.Join(parts, "; "))
	if _, known := r.tags["a pre-release that no pattern admits"]; known {
		return e.WithHint("name one exactly, or give a pattern of the pre-releases that count")
	}
	return e.WithHint("widen the constraint, or name a version exactly")
}
