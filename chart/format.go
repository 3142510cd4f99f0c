package chart

import (
	"fmt"
	"regexp"
	"strconv"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/strictyaml"
)

// RuleFormat is the rule about formatVersion.
const RuleFormat = "format-version"

var formatPattern = regexp.MustCompile(`^(0|[1-9][0-9]{0,3})\.(0|[1-9][0-9]{0,3})$`)

// formatVersion reads the format and refuses a major that this build does not
// know: its keys may mean something else.
func (c *checker) formatVersion() {
	path := strictyaml.Keys("formatVersion")
	known := fmt.Sprintf("%d.%d", FormatMajor, FormatMinor)
	node := c.root.Get("formatVersion")
	if node == nil {
		c.fail(RuleFormat, nil, fmt.Sprintf("formatVersion is missing: write formatVersion: %q", known))
		return
	}
	version, isText := node.Text()
	m := formatPattern.FindStringSubmatch(version)
	if m == nil {
		if isText {
			c.fail(RuleFormat, path, fmt.Sprintf("%q is no MAJOR.MINOR: write %q", version, known))
		}
		return // a number instead of a string: the schema says so
	}
	major, _ := strconv.Atoi(m[1])
	minor, _ := strconv.Atoi(m[2])
	switch {
	case major != FormatMajor:
		c.fail(RuleFormat, path, fmt.Sprintf("format %s is not known to this build, which reads %d.x: upgrade Bayplan before this catalog", version, FormatMajor))
	case minor > FormatMinor:
		c.newer = true
		c.report(RuleFormat, SeverityWarning, path, fmt.Sprintf("format %s is newer than %s, which this build knows: what it does not understand is passed over", version, known))
	}
}
