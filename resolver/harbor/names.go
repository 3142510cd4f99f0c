package harbor

import (
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

const (
	maxProjectName    = 255 // Harbor's own bound
	maxRepositoryName = 255 // of the whole name, project included (Harbor's column)
	maxTagName        = 128 // OCI distribution spec
)

// ValidProject tells whether Harbor can have a project of that name: runs of
// small letters and digits with one of ".", "_", "-" between them (Harbor's API
// description; recording project.bad-name).
func ValidProject(name string) bool {
	return len(name) <= maxProjectName && validComponent(name, false)
}

// ValidTag tells whether Harbor can have a tag of that name.
func ValidTag(tag string) bool { return validTag(tag) }

// ValidRepository tells whether Harbor can have a repository of that full name,
// project included: below the project, the OCI distribution spec's grammar.
func ValidRepository(name string) bool {
	project, path := SplitName(name)
	return len(name) <= maxRepositoryName && ValidProject(project) && validPath(path)
}

func validPath(path string) bool {
	for part := range strings.SplitSeq(path, "/") {
		if !validComponent(part, true) {
			return false
		}
	}
	return true
}

// validComponent is written out, not a regular expression, because each row of
// each page is checked.
func validComponent(s string, oci bool) bool {
	if s == "" || !alphanumeric(s[0]) || !alphanumeric(s[len(s)-1]) {
		return false
	}
	for i := 1; i < len(s); i++ {
		if alphanumeric(s[i]) {
			continue
		}
		from := i
		for !alphanumeric(s[i]) {
			i++
		}
		if !validSeparator(s[from:i], oci) {
			return false
		}
	}
	return true
}

func validSeparator(s string, oci bool) bool {
	switch s {
	case ".", "_", "-":
		return true
	case "__":
		return oci
	}
	return oci && strings.Trim(s, "-") == ""
}

func alphanumeric(b byte) bool { return 'a' <= b && b <= 'z' || '0' <= b && b <= '9' }

// validDigest knows the two algorithms of the OCI image spec.
func validDigest(s string) bool {
	algorithm, digits, _ := strings.Cut(s, ":")
	if algorithm != "sha256" && algorithm != "sha512" ||
		algorithm == "sha256" && len(digits) != 64 || algorithm == "sha512" && len(digits) != 128 {
		return false
	}
	for i := range len(digits) {
		if b := digits[i]; (b < '0' || b > '9') && (b < 'a' || b > 'f') {
			return false
		}
	}
	return true
}

// SplitName cuts a repository's full name into the project and the name below
// it, which may hold slashes. Without a slash there is no name.
func SplitName(full string) (project, name string) {
	project, name, _ = strings.Cut(full, "/")
	return project, name
}

// validTag is the OCI distribution spec's grammar of tags, written out because
// it is asked for every tag.
func validTag(tag string) bool {
	if tag == "" || len(tag) > maxTagName || tag[0] == '.' || tag[0] == '-' {
		return false
	}
	for i := range len(tag) {
		switch b := tag[i]; {
		case 'a' <= b && b <= 'z', 'A' <= b && b <= 'Z', '0' <= b && b <= '9', b == '_', b == '.', b == '-':
		default:
			return false
		}
	}
	return true
}

// projectPath is where a project's lists are. Nothing is sent about a name that
// Harbor cannot have.
func projectPath(project string) (string, error) {
	if !ValidProject(project) {
		return "", fault.New(fault.Usage, "ask Harbor", "", "%.80q is no name of a project", project)
	}
	return apiRoot + "projects/" + project, nil
}

// repositoryArtifactsPath escapes the slashes of a repository's name once; the
// URL's own escaping does it again. Behind Harbor's nginx nothing else works
// (recordings nginx.slash.*).
func repositoryArtifactsPath(full string) (project, path string, err error) {
	if !ValidRepository(full) {
		return "", "", fault.New(fault.Usage, "ask Harbor", "", "%.80q is no name of a repository", full)
	}
	project, name := SplitName(full)
	path, err = projectPath(project)
	return project, path + "/repositories/" + strings.ReplaceAll(name, "/", "%2F") + "/artifacts", err
}

// numeric tells a name that Harbor would take for an id.
func numeric(name string) bool {
	return name != "" && strings.Trim(name, "0123456789") == ""
}
