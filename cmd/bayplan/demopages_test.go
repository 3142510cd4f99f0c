package main

import (
	"flag"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/browsertest"
)

// screenshots is a folder for pictures of every page of the demo, for a person to
// look at.
var screenshots = flag.String("screenshots", "", "write pictures of the demo's pages into this `folder`")

// looks are how pages are looked at, by the name that a picture has.
var looks = []struct {
	name string
	browsertest.Look
}{
	{"light", browsertest.Look{}},
	{"dark", browsertest.Look{Dark: true}},
	{"wide", browsertest.Look{Width: 1920, Height: 1080}},
	{"phone", browsertest.Phone},
	{"phone-dark", browsertest.Look{Width: 360, Height: 720, Dark: true}},
	{"print", browsertest.Look{Width: 700, Height: 1000, Paper: true}},
}

// demoPages are one of each kind, by the name that a picture has.
var demoPages = [][2]string{
	{"images", "/"},
	{"search", "/?q=node"},
	{"nothing-found", "/?q=pyton3.11"},
	{"deprecated-stack", "/?stack_state=deprecated"},
	{"image", "/images/python3.11"},
	{"image-deprecated", "/images/node12"},
	{"image-missing", "/images/jdk8"},
	{"image-of-a-tool", "/images/tool-beta/beta:latest"},
	{"tools", "/tools"},
	{"tool", "/tools/alpha"},
	{"tool-deprecated-stack", "/tools/beta"},
	{"catalog", "/catalog"},
	{"difference", "/catalog?from=0.0.0-sample.0&to=0.0.0-sample.1"},
	{"drift", "/drift"},
	{"not-there", "/images/nothing-of-the-kind"},
}

// The pages of the demo, the real program, as everybody looks at them: nothing is
// wrong on the console or the network, nothing is too wide, axe-core has nothing to
// say, and what people come for is in sight.
func TestThePagesOfTheDemo(t *testing.T) {
	b := browsertest.Start(t)
	_, address := demoServer(t)
	t.Run("ten seconds", func(t *testing.T) { tenSeconds(t, b.Open(t, address, "/", browsertest.Look{})) })
	t.Run("width", func(t *testing.T) {
		tab := openDemo(t, b, address)
		for _, page := range demoPages {
			tab.Go(page[1])
			for _, look := range looks {
				tab.As(look.Look)
				require.Empty(t, tab.TooWide(), "%s, %s", page[0], look.name)
				if *screenshots != "" {
					tab.Shoot(filepath.Join(*screenshots, page[0]+"."+look.name+".png"), look.name != "wide")
				}
			}
		}
	})
	t.Run("axe", func(t *testing.T) {
		axe := browsertest.Axe(t)
		tab := openDemo(t, b, address)
		for _, page := range demoPages {
			tab.Go(page[1])
			for _, look := range []browsertest.Look{{}, {Width: 360, Height: 720, Dark: true}} {
				tab.As(look)
				tab.Accessible(t, axe, fmt.Sprintf("%s, %+v", page[0], look))
			}
		}
	})
}

// openDemo opens a tab that will also look for an image that is not there.
func openDemo(t *testing.T, b *browsertest.Browser, address string) *browsertest.Tab {
	t.Helper()
	tab := b.Open(t, address, "/", browsertest.Look{})
	tab.Allow("status of 404")
	return tab
}

// tenSeconds: somebody who has never seen it finds out what replaces node12, and
// which of their tool's images stand on a deprecated stack, without scrolling, by
// doing what comes to mind first.
func tenSeconds(t *testing.T, tab *browsertest.Tab) {
	tab.Click("#q")
	tab.Press("node12")
	tab.Await(`document.querySelectorAll("#results tbody tr").length === 1`)
	for _, word := range []string{"node12", "deprecated", "Use instead, and until when", "node20"} {
		require.Contains(t, lines(tab.Visible()), word)
	}
	tab.As(browsertest.Phone)
	require.Contains(t, lines(tab.Visible()), "node20", "on a phone too")

	tab.As(browsertest.Look{})
	tab.Go("/")
	tab.Follow(`nav a[href$="tools"]`)
	tab.Press("/beta")
	tab.Submit(kb.Enter)
	require.Equal(t, "/tools/beta", tab.Address())
	seen := tab.Visible()
	for _, word := range []string{"deprecated stack", "tool-beta/beta:latest", "heroku-22", "heroku-24"} {
		require.Contains(t, seen, word)
	}
	require.Contains(t, seen, "build again")
	tab.Go("/tools/alpha")
	require.NotContains(t, tab.Visible(), "build again", "a tool that has nothing to do is told nothing of the kind")
}

func lines(text string) []string { return strings.Split(text, "\n") }
