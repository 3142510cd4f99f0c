package server_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// rows writes the rows of a part of a page, cells apart by " | ".
func (p *page) tableRows(part string) []string {
	out := []string{}
	p.Find(part + " tbody tr").Each(func(_ int, row *goquery.Selection) {
		var cells []string
		row.Find("th, td").Each(func(_ int, cell *goquery.Selection) { cells = append(cells, spaced(cell)) })
		out = append(out, strings.Join(cells, " | "))
	})
	return out
}

// fact gives what a list of facts says.
func (p *page) fact(name string) string {
	return spaced(p.Find("dl.facts dt").FilterFunction(func(_ int, dt *goquery.Selection) bool { return dt.Text() == name }).Next())
}

func TestThePageOfTheCatalog(t *testing.T) {
	s := startShelf(t, followed)
	p := s.page(t, "/catalog", http.StatusOK)
	require.Empty(t, p.header.Get("ETag"), "it knows the clock")
	require.Equal(t, "no-store", p.header.Get("Cache-Control"))
	require.Equal(t, "1.1.0 not verified", p.fact("Version"))
	require.Equal(t, "none is known: nothing proves who published it", p.fact("Signature"))
	require.Equal(t, "exactly version 1.1.0", p.fact("Follows"))
	require.Equal(t, s.digests["1.1.0"], p.Find("#digest").Text())
	require.Equal(t, "oci://charts.test/toolforge/image-config:1.1.0@"+s.digests["1.1.0"], p.Find("#reference").Text())
	require.Equal(t, "2026-08-01 12:00:00 UTC", p.fact("Taken into use"))

	sources := p.tableRows("section[aria-labelledby=sources]")
	require.Len(t, sources, 4)
	require.True(t, strings.HasPrefix(sources[1], "harbor.test | images that tools built 1 tool with 1 repository, Harbor v2.15.2, asked for what changed, by a robot account | answers | 0 s ago"), sources[1])
	require.Equal(t, "oci://charts.test/toolforge/image-config | the catalog | answers | 0 s ago 2026-08-01 12:00:00 UTC | ", sources[0])
	require.Equal(t, "one.test | standard images | answers | 0 s ago 2026-08-01 12:00:00 UTC | 1 reference", sources[2])

	require.Equal(t, []string{
		"2.0.0-rc.1+b | 2026-08-01 11:00 UTC | " + s.digests["2.0.0-rc.1+b"][:19] + " | since 1.1.0",
		"1.1.0 served | 2026-08-01 11:00 UTC | " + s.digests["1.1.0"][:19] + " | since 1.0.0",
		"1.0.0 | 2026-08-01 11:00 UTC | " + s.digests["1.0.0"][:19] + " | nothing before it is known",
	}, p.tableRows("section[aria-labelledby=versions]"))
	require.Equal(t, "1.0.0", p.Find("#from option[selected]").AttrOr("value", ""), "what is served is compared with what came before")
	require.Equal(t, "1.1.0 (served)", p.Find("#to option[selected]").Text())
	require.Zero(t, p.Find(".changes").Length(), "nothing is fetched that nobody asked for")

	// The page leads to each difference, and the form asks for the same.
	to, err := p.Url.Parse(p.Find("section[aria-labelledby=versions] a").First().AttrOr("href", ""))
	require.NoError(t, err)
	require.Equal(t, url.Values{"from": {"1.1.0"}, "to": {"2.0.0-rc.1+b"}}, to.Query())
	require.Equal(t, "./catalog#difference", p.Find("#difference ~ form").AttrOr("action", ""))
}

// A difference is what /v1/catalog/diff tells, as people read it.
func TestTheDifferenceOnThePage(t *testing.T) {
	s := startShelf(t, followed)
	p := s.page(t, "/catalog?from=1.0.0&to=2.0.0-rc.1%2Bb", http.StatusOK)
	require.Equal(t, "From 1.0.0 to 2.0.0-rc.1+b: 4 changes that may break somebody, 2 changes that are safe.", spaced(p.Find("#difference ~ p[role=status]")))
	require.Equal(t, []string{
		"bookworm alias debian | bookworm | trixie",
		"bullseye image | one.test/bullseye@sha256:" + strings.Repeat("a", 64) + " | two.test/bullseye",
		"buster | one.test/buster | nothing",
		"trixie | nothing | one.test/trixie",
	}, p.tableRows(".changes.breaking"))
	require.Equal(t, []string{
		`bookworm lifecycle | nothing | {"deprecated":"2026-07-31"}`,
		"bullseye state | stable | deprecated",
	}, p.tableRows(".changes:not(.breaking)"))
	require.Contains(t, spaced(p.Find(".changes.breaking").First()), "breaking Alias moved jobs that name it silently run another reference from their next start on: one.test/trixie")
	for _, d := range into[api.DiffAnswer](s.get(t, "/v1/catalog/diff?from=1.0.0&to=2.0.0-rc.1%2Bb"), http.StatusOK).Changes {
		for clause := range strings.SplitSeq(d.Reason, "; ") {
			require.Contains(t, p.text(), clause)
		}
	}
	require.Equal(t, "./images/bookworm", p.Find(".changes a").First().AttrOr("href", ""))
	require.Equal(t, "2.0.0-rc.1+b", p.Find("#to option[selected]").Text())

	require.Contains(t, s.page(t, "/catalog?from=1.0.0", http.StatusOK).text(), "From 1.0.0 to 1.1.0:", "what is left out is what is served")
	require.Contains(t, s.page(t, "/catalog?from=1.0.0&to=1.0.0", http.StatusOK).text(), "From 1.0.0 to 1.0.0: no difference.")
	require.Contains(t, s.page(t, "/catalog?from=2.0.0-rc.1+b", http.StatusOK).text(), "From 2.0.0-rc.1+b to 1.1.0:", "a plus sign that nobody wrote as %2B")
	same := s.page(t, "/catalog?from="+s.digests["1.0.0"]+"&to=", http.StatusOK)
	require.Contains(t, same.text(), "From 1.0.0 to 1.1.0:")
}

func TestADifferenceThatCannotBeHad(t *testing.T) {
	s := startShelf(t, followed)
	p := s.page(t, "/catalog?from=<i>9</i>&to=1.0.0", http.StatusOK)
	require.Equal(t, `There is no version "<i>9</i>" of the catalog; there are 2.0.0-rc.1+b, 1.1.0, 1.0.0.`, p.Find("[role=alert]").Text())
	require.Equal(t, "<i>9</i>", p.Find("#from option[selected]").Text(), "what was asked for stays in the form")
	require.Equal(t, "1.0.0", p.Find("#to option[selected]").Text())
	s.page(t, "/catalog?%zz", http.StatusBadRequest)
	s.page(t, "/catalog?from="+strings.Repeat("x", 20_000), http.StatusBadRequest)

	s.charts.Hook(refuseAll(http.StatusServiceUnavailable))
	p = s.page(t, "/catalog?from="+s.digests["2.0.0-rc.1+b"], http.StatusOK)
	require.Regexp(t, "^Version .* cannot be had now: ", p.Find("[role=alert]").Text())
	require.NotContains(t, string(p.body), s.charts.URL, "where it is reached is nobody's business")
}

// While a source does not answer, the page says since when, and why, to the second.
func TestThePageOfTheCatalogOnABadDay(t *testing.T) {
	now := noon
	s := start(t, setup{values: sample, now: func() time.Time { return now }})
	now = noon.Add(90 * time.Second)
	s.registries.fail("one.test", refused("one.test"))
	s.write(t, "values.yaml", "formatVersion: \"1.0\"\nimages: {x: {state: <b>}}\n")
	s.refresh(t)
	p := s.page(t, "/catalog", http.StatusOK)
	sources := strings.Join(p.tableRows("section[aria-labelledby=sources]"), "\n")
	require.Contains(t, sources, "one.test | standard images | does not answer: as it was")
	require.Contains(t, sources, "90 s ago 2026-08-01 12:00:00 UTC")
	require.Contains(t, p.text(), "Refused: a newer catalog")
	require.NotEmpty(t, p.tableRows("section[aria-labelledby=refused]"))
	require.NotContains(t, string(p.body), "private-place", "a path of this machine is nobody's business")
	require.Equal(t, 1, p.Find("section[aria-labelledby=versions] tbody tr").Length(), "the one that is served")
}

// seconds are what passes between two looks.
var seconds = regexp.MustCompile(`[0-9]+ s ago( [-0-9]+ [0-9:]+ UTC)?`)

// What is private is not counted, named or told on the pages of the catalog and of
// drift.
func TestThePagesOfCatalogAndDriftTellNothingPrivate(t *testing.T) {
	p := startPlatform(t, setup{}, "tool-other/app:latest", "!tool-secret/vault:v1")
	text := func() string {
		return p.page(t, "/catalog", http.StatusOK).text() + p.page(t, "/drift", http.StatusOK).text()
	}
	before := text()
	require.NotContains(t, before, "secret")
	pushUser(t, p.harbor, "!tool-secret/safe:latest")
	pushUser(t, p.harbor, "!tool-hidden/app:latest")
	p.round(t)
	after := text()
	require.Equal(t, seconds.ReplaceAllString(before, ""), seconds.ReplaceAllString(after, ""))

	p.harbor.Fault(harbortest.PathContains("/projects/tool-secret/"), harbortest.Status(http.StatusInternalServerError))
	pushUser(t, p.harbor, "!tool-secret/more:latest")
	p.round(t)
	require.NotContains(t, text(), "secret")
}
