package server_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"
)

// facts gives the pairs of the lists of facts: name, value.
func (p *page) facts() map[string]string {
	out := map[string]string{}
	p.Find("main dl dt").Each(func(_ int, s *goquery.Selection) { out[spaced(s)] = spaced(s.NextFiltered("dd")) })
	return out
}

// codes gives what there is to copy, each with its button.
func (p *page) codes() []string {
	out := []string{}
	p.Find("main button.copy").Each(func(_ int, s *goquery.Selection) {
		_, hidden := s.Attr("hidden")
		require.True(p.t, hidden, "without the script there is no button that does nothing")
		out = append(out, p.Find("#"+s.AttrOr("data-copy", "")).Text())
	})
	return out
}

func TestAnImage(t *testing.T) {
	s := start(t, setup{values: sample})
	p := s.page(t, "/images/python3.11", http.StatusOK)
	require.Equal(t, "python3.11 stable", spaced(p.Find("h1")))
	require.Contains(t, p.text(), "Python <3.11> & Debian", "what looks like HTML is text")
	require.Equal(t, "https://example.org/help?a=1&b=2", p.Find("a.external").AttrOr("href", ""))
	digest := digestOf("python311-web")
	require.Equal(t, []string{
		"toolforge jobs run my-job --image python3.11 --command './do-something.sh'",
		"toolforge webservice python3.11 start",
		"two.test/python311-web:latest", "two.test/python311-web:latest@" + digest,
	}, p.codes())
	facts := p.facts()
	require.Equal(t, "tf-python311, Python", facts["Aliases"])
	require.Equal(t, "python", facts["wstype"])
	require.Equal(t, "the catalog, version 1.2.3", facts["names, state and description"])
	require.Equal(t, "two.test", facts["what the registry holds"])
	require.Equal(t, "answers, and is asked every few seconds", facts["two.test"])
	require.Equal(t, `command ["webservice-runner","--type","python"] port 8000`, facts["Web service defaults"])
	require.Contains(t, p.text(), "Tags 2026-07-01, latest This registry does not say when a tag was pushed.")
	require.Zero(t, p.Find("link[rel=canonical]").Length())
}

// An alias is answered where it is, and says so.
func TestAnImageByAnotherName(t *testing.T) {
	s := start(t, setup{values: sample})
	p := s.page(t, "/images/shared/alias", http.StatusOK)
	require.Contains(t, p.text(), "shared/alias is another name of team/tool.")
	require.Equal(t, "../../images/team/tool", p.Find("link[rel=canonical]").AttrOr("href", ""))
	encoded := s.page(t, "/images/shared%2Falias", http.StatusOK)
	require.Equal(t, "../images/team/tool", encoded.Find("link[rel=canonical]").AttrOr("href", ""), "a slash that is encoded leads nowhere")
}

func TestADeprecatedImage(t *testing.T) {
	s := start(t, setup{values: sample})
	p := s.page(t, "/images/tf-python37", http.StatusOK)
	require.Equal(t, "→ Use python3.11 instead. Image python3.7 is deprecated. It will get no security updates from 2027-06-01 on.", spaced(p.Find(".note")))
	require.Equal(t, "../images/python3.11", p.Find(".note a").AttrOr("href", ""))
}

func TestAnImageOfWhichLittleIsKnown(t *testing.T) {
	s := start(t, setup{values: sample, cold: true})
	s.registries.without("n-upper")
	s.registries.fail("two.test", refused("two.test"))
	s.refresh(t)
	p := s.page(t, "/images/N", http.StatusOK)
	require.Contains(t, p.text(), "Its registry does not have it now")
	require.NotContains(t, p.text(), "toolforge jobs run", "it would not start")
	p = s.page(t, "/images/python3.11", http.StatusOK)
	require.Contains(t, p.text(), "Whether its registry has it is not known")
	require.Equal(t, "does not answer; it never answered", p.facts()["two.test"])
	require.Contains(t, p.Find(".banner").Text(), "It has not answered yet, so nothing is known of what it holds.")
}

func TestRemovedAndUnknownImages(t *testing.T) {
	s := start(t, setup{values: sample})
	p := s.page(t, "/images/node6", http.StatusGone)
	require.Equal(t, "node6 was removed", spaced(p.Find("h1")))
	require.Equal(t, map[string]string{"Removed": "2024-02-01", "Why": "Node.js 6 gets no security fixes", "Use instead": "python3.11"}, p.facts())
	require.Equal(t, "../images/python3.11", p.Find("dd a").AttrOr("href", ""))
	require.Contains(t, s.page(t, "/images/gone", http.StatusGone).text(), "nothing takes its place")

	p = s.page(t, "/images/pyton3.11", http.StatusNotFound)
	require.Contains(t, p.text(), "There is no image pyton3.11 Did you mean python3.11")
	require.Equal(t, "no-store", p.header.Get("Cache-Control"))
	require.Contains(t, s.page(t, "/images/tool-x/y:z", http.StatusNotFound).text(), "Only public images are shown here")
	for _, odd := range []string{"%00", "%ff", "%0a", "a%2F..%2Fb", "%3Cscript%3E", strings.Repeat("x", 5000), "a//b", "?", "."} {
		require.Less(t, len(s.page(t, "/images/x"+odd, http.StatusNotFound).body), 6000)
	}
}

// A tool's image: what its registry knows of it, and the other tags beside it.
func TestAnImageOfATool(t *testing.T) {
	p := startPlatform(t, setup{}, "tool-a/app:latest", "tool-a/app:v1", "tool-a/other:latest")
	page := p.page(t, "/images/tool-a/app:latest", http.StatusOK)
	facts := page.facts()
	require.Equal(t, "built by tool a", facts["Type"])
	require.Equal(t, "heroku-24", facts["Stack"])
	require.Regexp(t, `^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC \(.+\)$`, facts["Pushed"])
	require.Regexp(t, `^[\d.]+ [kM]?B, compressed$`, facts["Size"])
	require.Equal(t, "linux/amd64", facts["Platforms"])
	require.Equal(t, harborHost, facts["what the registry holds"])
	var tags []string
	page.Find("tbody th").Each(func(_ int, s *goquery.Selection) { tags = append(tags, spaced(s)) })
	require.ElementsMatch(t, []string{"latest (this one)", "v1"}, tags)
	require.Contains(t, page.codes(), "toolforge jobs run my-job --image tool-a/app:latest --command './do-something.sh'")
	require.Contains(t, page.codes(), "toolforge webservice buildservice start --mount=none")
	require.Equal(t, "../../tools/a", page.Find(".crumb a").Last().AttrOr("href", ""))
}
