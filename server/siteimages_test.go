package server_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// rows gives the text of each row of a section: standard, built or removed.
func (p *page) rows(section string) []string {
	out := []string{}
	p.Find("section[aria-labelledby=" + section + "] tbody tr").Each(func(_ int, s *goquery.Selection) { out = append(out, spaced(s)) })
	return out
}

// listed gives the names of the rows of all sections in order.
func (p *page) listed() []string {
	out := []string{}
	p.Find("#results tbody th > a").Each(func(_ int, s *goquery.Selection) { out = append(out, s.Text()) })
	return out
}

// Ten seconds have to be enough: the row itself says what replaces an image and
// when it ends, by whichever name it was looked for.
func TestTheListAnswersInTheRow(t *testing.T) {
	s := start(t, setup{values: sample})
	require.Equal(t, []string{
		"N beta none", "bookworm stable jobs-framework, webservice (generic)", "n beta none",
		"python3.11, also tf-python311, Python stable webservice (python)",
		"python3.7, also tf-python37 deprecated → use python3.11security updates end 2027-06-01 none",
		"ruby2.5, also tf-ruby25 deprecated → use team/toolremoved on 2026-09-01 none",
		"team/tool, also shared/alias stable jobs-framework",
	}, s.page(t, "/", http.StatusOK).rows("standard"))

	p := s.page(t, "/?q=TF-python37", http.StatusOK)
	require.Equal(t, []string{"python3.7, also tf-python37 deprecated → use python3.11security updates end 2027-06-01 none"}, p.rows("standard"))
	require.Equal(t, "tf-python37", p.Find("mark").Text())
	require.Equal(t, "images/python3.11", strings.TrimPrefix(p.Find("td.next a").AttrOr("href", ""), "./"))
	require.Equal(t, "1 standard image fits.", p.Find("#summary[role=status]").Text())
	require.Equal(t, "TF-python37", p.Find("#q").AttrOr("value", ""), "the form says what was asked")

	p = s.page(t, "/?q=node6", http.StatusOK)
	require.Equal(t, []string{"node6 removed → use python3.11removed on 2024-02-01 Node.js 6 gets no security fixes"}, p.rows("removed"))
	require.Empty(t, p.rows("standard"))
	require.Equal(t, []string{"gone", "node6"}, s.page(t, "/?state=removed", http.StatusOK).listed())
}

func TestTheListSaysWhatIsMissing(t *testing.T) {
	s := start(t, setup{values: sample, cold: true})
	s.registries.without("bookworm-web")
	s.registries.fail("two.test", refused("two.test"))
	s.refresh(t)
	rows := s.page(t, "/", http.StatusOK).rows("standard")
	require.Contains(t, rows, "bookworm stable jobs-framework, webservice (generic) missing")
	require.Contains(t, rows, "python3.11, also tf-python311, Python stable webservice (python) not known")
}

// What the list has is what the API has for the same question.
func TestFiltersOfTheListAreThoseOfTheAPI(t *testing.T) {
	p := startPlatform(t, setup{}, "tool-a/app:latest", "tool-a/old:v1", "tool-b/app:latest", "!tool-secret/vault:v1")
	for _, query := range []string{
		"?state=stable", "?state=beta", "?state=deprecated", "?state=odd", "?type=standard", "?type=buildservice", "?type=odd", "?tool=a", "?tool=b",
		"?tool=secret", "?tool=nobody", "?q=tool", "?q=APP", "?q=vault", "?q=old", "?stack_state=deprecated", "?q=o&state=stable&type=buildservice",
		"?stack_state=stable", "?type=standard&tool=a",
	} {
		want := map[string]bool{}
		for _, name := range p.names(t, query) {
			want[name] = true
		}
		got := map[string]bool{}
		for _, name := range p.page(t, "/"+query, http.StatusOK).listed() {
			got[name] = true
		}
		require.Equal(t, want, got, query)
	}
	all := p.page(t, "/?state=&q=+&type=&tool=&stack_state=&utm_source=elsewhere", http.StatusOK)
	require.Equal(t, append(append([]string{}, standardNames...), "tool-a/app:latest", "tool-a/old:v1", "tool-b/app:latest"), all.listed(), "standard images first")
	require.Equal(t, "7 standard images and 3 images that tools built.", all.Find("#summary").Text())
	chosen := p.page(t, "/?state=beta&type=standard&stack_state=odd", http.StatusOK)
	require.Equal(t, "beta", chosen.Find("#state option[selected]").AttrOr("value", ""))
	require.Equal(t, "standard", chosen.Find("#type option[selected]").AttrOr("value", ""))
	require.Equal(t, "odd", chosen.Find("#stack_state option[selected]").AttrOr("value", ""))
}

func TestNothingFits(t *testing.T) {
	s := start(t, setup{values: sample})
	p := s.page(t, "/?q=pyton3.11", http.StatusOK)
	require.Equal(t, "Nothing fits.", p.Find("#summary").Text())
	require.Contains(t, p.text(), "Did you mean python3.11")
	require.Contains(t, p.text(), "images of a private project are shown to their tool alone")
	for _, reference := range []string{"two.test/python311-web:latest", "old.test/python37", "one.test/bookworm-web"} {
		p = s.page(t, "/?q="+url.QueryEscape(reference), http.StatusOK)
		name := strings.NewReplacer("two.test/python311-web:latest", "python3.11", "old.test/python37", "python3.7", "one.test/bookworm-web", "bookworm").Replace(reference)
		require.Equal(t, "That is "+name+".", spaced(p.Find("#results .note")))
	}
	require.Equal(t, "That is python3.7, which the other choices leave out.", spaced(s.page(t, "/?q=tf-python37&state=stable", http.StatusOK).Find("#results .note")))
	require.Contains(t, s.page(t, "/?q=%zz", http.StatusBadRequest).text(), "cannot be read")
	require.Contains(t, s.page(t, "/?q="+strings.Repeat("x", 20_000), http.StatusBadRequest).text(), "The query has more than 16384 bytes.")
	s.page(t, "/?q="+strings.Repeat("x", 5_000), http.StatusOK)
	s.page(t, "/?q=%ff%fe&after=%00", http.StatusOK)
}

// Pages follow each other without a gap or a row twice, whatever lies at their
// borders, and each is one of its own with an address of its own.
func TestTheListIsPaged(t *testing.T) {
	for _, c := range []struct{ standard, tools, each int }{{41, 3, 2}, {100, 0, 0}, {100, 2, 1}, {101, 1, 1}, {250, 120, 1}, {3, 4, 60}} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			var values strings.Builder
			values.WriteString("formatVersion: \"1.0\"\nimages:\n")
			for i := range c.standard {
				// Half of the names come behind those of tools, and still before their images.
				fmt.Fprintf(&values, "  %s%03d: {state: stable, image: one.test/image%03d}\n", []string{"image", "zz"}[i%2], i, i)
			}
			var images []string
			for i := range c.tools {
				for k := range c.each {
					images = append(images, fmt.Sprintf("tool-t%03d/app:v%02d", i, k))
				}
			}
			p := startPlatform(t, setup{values: values.String()}, images...)
			want := []string{}
			for _, kind := range []string{"standard", "buildservice"} {
				want = append(want, p.names(t, "?type="+kind)...)
			}
			got := []string{}
			at := p.page(t, "/", http.StatusOK)
			require.Contains(t, at.Find("#summary").Text(), fmt.Sprintf("%d standard images", c.standard))
			for {
				names := at.listed()
				got = append(got, names...)
				require.LessOrEqual(t, len(got), len(want), "the pages do not come to an end")
				require.LessOrEqual(t, len(names), 100)
				next, more := at.Find("a[rel=next]").Attr("href")
				if !more {
					break
				}
				require.Len(t, names, 100)
				to, err := at.Url.Parse(next)
				require.NoError(t, err)
				at = p.page(t, to.RequestURI(), http.StatusOK)
				require.Equal(t, "Back to the first page", at.Find("#results p a").First().Text())
			}
			require.Equal(t, want, got)
		})
	}
}

// Nobody learns of a private project from a page: not by its images, its counts,
// suggestions or tags, and not by how a page differs from one about nothing.
func TestPagesKeepPrivateProjectsToThemselves(t *testing.T) {
	p := startPlatform(t, setup{}, "tool-a/app:latest", "!tool-secret/vault:latest", "!tool-secret/vault:v1")
	require.Equal(t, []string{"tool-secret/vault:latest", "tool-secret/vault:v1"}, p.toolNames(t, "secret", "?type=buildservice"), "it is there")
	alike := func(one, other string, status int) {
		t.Helper()
		blank := func(path string) string {
			page := p.page(t, path, status)
			return strings.NewReplacer("secret", "NAME", "nobody", "NAME").Replace(string(page.body))
		}
		require.Equal(t, blank(one), blank(other))
	}
	alike("/tools/secret", "/tools/nobody", http.StatusNotFound)
	alike("/images/tool-secret/vault:latest", "/images/tool-nobody/vault:latest", http.StatusNotFound)
	alike("/images/tool-secret/vaul:latest", "/images/tool-nobody/vaul:latest", http.StatusNotFound)
	alike("/?tool=secret", "/?tool=nobody", http.StatusOK)
	alike("/?q=tool-secret", "/?q=tool-nobody", http.StatusOK)
	alike("/?q=tool-secret%2Fvault:latest", "/?q=tool-nobody%2Fvault:latest", http.StatusOK)
	for _, path := range everyPage {
		require.NotContains(t, string(p.page(t, path, http.StatusOK).body), "secret", path)
	}
	before := p.page(t, "/", http.StatusOK).header.Get("ETag")
	pushUser(t, p.harbor, "!tool-secret/vault:v2")
	p.round(t)
	require.Equal(t, before, p.page(t, "/", http.StatusOK).header.Get("ETag"))
}

// What the page says of an image is what the API says.
func TestPagesFollowTheSnapshot(t *testing.T) {
	s := start(t, setup{values: sample})
	before := s.page(t, "/images/python3.7", http.StatusOK)
	s.registries.push("python37-web", "new content")
	s.refresh(t)
	after := s.page(t, "/images/python3.7", http.StatusOK)
	require.NotEqual(t, before.header.Get("ETag"), after.header.Get("ETag"))
	image := into[api.ImageAnswer](s.get(t, "/v1/images/python3.7"), http.StatusOK).Image
	require.Contains(t, after.text(), image.Pinned)
	require.NotContains(t, before.text(), image.Pinned)
}
