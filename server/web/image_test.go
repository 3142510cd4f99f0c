package web_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/web"
)

// What a scanner found is told, worst first; that it found nothing is something
// else than that nobody scanned.
func TestFindingsOfAScanner(t *testing.T) {
	site, fixable, signed := newSite(t), 3, true
	for _, c := range []struct {
		found *api.Vulnerabilities
		want  string
	}{
		{&api.Vulnerabilities{Critical: 1, High: 1200, Low: 7, Fixable: &fixable, ScannedAt: noon}, "1 critical, 1,200 high, 7 low; 3 can be fixed (scanned 2026-08-01 12:00 UTC)"},
		{&api.Vulnerabilities{}, "none found"},
		{nil, ""},
	} {
		page := draw(t, site, &web.Image{Frame: web.Frame{Title: "x", Root: "./"}, Image: api.Image{ShortName: "x", Type: api.TypeBuildservice, Vulnerabilities: c.found, Signed: &signed}})
		document, err := goquery.NewDocumentFromReader(bytes.NewReader(page))
		require.NoError(t, err)
		facts := map[string]string{}
		document.Find("dt").Each(func(_ int, s *goquery.Selection) { facts[s.Text()] = strings.TrimSpace(s.NextFiltered("dd").Text()) })
		require.Equal(t, c.want, facts["Vulnerabilities"])
		require.Equal(t, "yes", facts["Signed"])
	}
}

// A name that a shell would take apart is quoted.
func TestCommandsAreForAShell(t *testing.T) {
	for name, want := range map[string]string{"node20": "node20", "tool-a/b:c": "tool-a/b:c", "a b": "'a b'", "x;rm": "'x;rm'", "it's": `'it'\''s'`, "$(x)": "'$(x)'", "-x": "-x"} {
		p := &web.Image{Image: api.Image{ShortName: name, Type: api.TypeStandard}}
		require.Contains(t, p.Commands()[0].Line, "--image "+want+" --command", name)
	}
}
