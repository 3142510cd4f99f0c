package artifact

import (
	"path"
	"strings"

	"github.com/opencontainers/go-digest"
	"oras.land/oras-go/v2/registry"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

const scheme = "oci://"

// Reference names a chart in a registry, and perhaps one version or digest of it.
// The zero value names nothing. References are comparable.
type Reference struct {
	// Host is the registry as the catalog and people name it; package endpoint
	// knows where it really is.
	Host string
	// Path is the repository, the chart's name included: "toolforge/image-config".
	Path string
	// Version is the version (with "+", not "_") or the moving tag; may be empty.
	Version string
	// Digest is the manifest's digest, "sha256:…"; may be empty.
	Digest string
}

// ParseReference reads oci://host/path/chart[:version][@digest]. The version may
// be written with "+" or, as in a tag, with "_". Errors are of kind fault.Usage
// and say how to repair the text.
func ParseReference(text string) (Reference, error) {
	bad := func(format string, args ...any) *fault.Error {
		return fault.New(fault.Usage, "read reference", withoutUser(text), format, args...)
	}
	rest, found := strings.CutPrefix(text, scheme)
	if !found {
		return Reference{}, badScheme(text, bad)
	}
	if strings.ContainsAny(rest, " \t\r\n?#\\") {
		return Reference{}, bad("it holds a character that no reference has").
			WithHint("write oci://host/path/chart:version, without spaces, ? or #")
	}
	host, rest, found := strings.Cut(rest, "/")
	if strings.Contains(host, "@") && found {
		return Reference{}, bad("credentials do not belong in a reference").
			WithHint("sign in with `docker login` and leave them out")
	}
	if !found || rest == "" {
		return Reference{}, bad("it names a registry but no chart").
			WithHint("write the whole path: oci://%s/path/image-config", host)
	}
	ref := Reference{Host: host}
	rest, ref.Digest, found = strings.Cut(rest, "@")
	if found {
		if err := checkDigest(ref.Digest); err != nil {
			return Reference{}, bad("after @: %w", err).WithHint("a digest is sha256: and 64 hexadecimal digits")
		}
	}
	ref.Path, ref.Version, found = strings.Cut(rest, ":")
	if found {
		if err := checkTag(ref.Version); err != nil {
			return Reference{}, bad("after the colon: %w", err).WithHint("%s", fault.HintOf(err))
		}
		ref.Version = VersionOf(ref.Version)
	}
	if err := checkName(ref, bad); err != nil {
		return Reference{}, err
	}
	return ref, nil
}

func badScheme(text string, bad func(string, ...any) *fault.Error) error {
	switch before, after, found := strings.Cut(text, "://"); {
	case text == "":
		return bad("it is empty").WithHint("write oci://host/path/image-config")
	case found:
		return bad("its scheme is %q", before+"://").WithHint("write %s%s", scheme, withoutUser(after))
	default:
		return bad("it does not begin with %s", scheme).WithHint("write %s%s", scheme, withoutUser(text))
	}
}

func checkName(ref Reference, bad func(string, ...any) *fault.Error) error {
	name := registry.Reference{Registry: ref.Host, Repository: ref.Path}
	if err := name.ValidateRegistry(); err != nil || ref.Host == "" {
		return bad("%q is no host name", ref.Host).WithHint("write oci://host[:port]/path/chart")
	}
	if err := name.ValidateRepository(); err != nil {
		return bad("%q is no path in a registry", ref.Path).
			WithHint("lower-case letters, digits, and between them one of . _ - or /")
	}
	return nil
}

// checkTag accepts what can be a tag once "+" is written "_".
func checkTag(version string) error {
	bad := func(hint, format string, args ...any) error {
		return fault.New(fault.Usage, "", "", format, args...).WithHint("%s", hint)
	}
	switch {
	case version == "":
		return bad("leave the colon out, or write a version after it", "the version is empty")
	case strings.ContainsAny(version, "<>=^~*|,"):
		return bad("a reference holds one version; give the constraint as a setting of its own",
			"%q is a constraint, not a version", clip(version))
	}
	name := registry.Reference{Reference: TagOf(version)}
	if err := name.ValidateReferenceAsTag(); err != nil {
		return bad("a version is SemVer: 1.2.3, or 1.2.3-pre.1+build", "%q is neither a version nor a tag", clip(version))
	}
	return nil
}

// checkDigest accepts sha256 alone: it is what registries and Helm use, and what
// is verified here.
func checkDigest(text string) error {
	d, err := digest.Parse(text)
	if err != nil {
		return fault.New(fault.Usage, "", "", "%q is no digest", clip(text))
	}
	if d.Algorithm() != digest.SHA256 {
		return fault.New(fault.Unsupported, "", "", "digests of algorithm %q are not supported, only sha256", d.Algorithm())
	}
	return nil
}

// withoutUser takes what stands before @ in the host part away, so that a
// password never reaches a message.
func withoutUser(text string) string {
	before, rest, found := strings.Cut(text, "://")
	if !found {
		before, rest = "", text
	} else {
		before += "://"
	}
	host, tail := rest, ""
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		host, tail = rest[:i], rest[i:]
	}
	if i := strings.LastIndexByte(host, '@'); i >= 0 {
		host = host[i+1:]
	}
	return clip(before + host + tail)
}

// Name gives the chart's name: the last part of the path.
func (r Reference) Name() string { return path.Base(r.Path) }

// String writes the reference as [ParseReference] reads it.
func (r Reference) String() string {
	if r == (Reference{}) {
		return ""
	}
	s := scheme + r.Host + "/" + r.Path
	if r.Version != "" {
		s += ":" + r.Version
	}
	if r.Digest != "" {
		s += "@" + r.Digest
	}
	return s
}

// MarshalText writes the reference for JSON, YAML and flags.
func (r Reference) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads a reference; see [ParseReference] for the errors.
func (r *Reference) UnmarshalText(text []byte) error {
	parsed, err := ParseReference(string(text))
	if err == nil {
		*r = parsed
	}
	return err
}

// Repository gives the reference without version and digest.
func (r Reference) Repository() Reference { return Reference{Host: r.Host, Path: r.Path} }
