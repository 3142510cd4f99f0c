package web_test

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func styleSheet(t *testing.T) string {
	t.Helper()
	for _, asset := range newSite(t).Assets() {
		if strings.HasPrefix(asset.Name, "style.") {
			return string(asset.Bytes)
		}
	}
	t.Fatal("there is no style sheet")
	return ""
}

var variable = regexp.MustCompile(`--([a-z-]+): (#[0-9a-f]{6});`)

// schemes gives the colours of both schemes by name.
func schemes(t *testing.T) map[string]map[string]string {
	t.Helper()
	light, rest, ok := strings.Cut(styleSheet(t), "@media (prefers-color-scheme: dark)")
	require.True(t, ok)
	dark, _, ok := strings.Cut(rest, "\n}\n")
	require.True(t, ok)
	out := map[string]map[string]string{"light": {}, "dark": {}}
	for name, text := range map[string]string{"light": light, "dark": dark} {
		for _, found := range variable.FindAllStringSubmatch(text, -1) {
			out[name][found[1]] = found[2]
		}
	}
	return out
}

// luminance is that of WCAG 2.2.
func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	var parts [3]float64
	for i := range parts {
		n, err := strconv.ParseUint(colour[1+2*i:3+2*i], 16, 8)
		require.NoError(t, err)
		c := float64(n) / 255
		if c <= 0.04045 {
			parts[i] = c / 12.92
		} else {
			parts[i] = math.Pow((c+0.055)/1.055, 2.4)
		}
	}
	return 0.2126*parts[0] + 0.7152*parts[1] + 0.0722*parts[2]
}

func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	la, lb := luminance(t, a), luminance(t, b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

// Text has a contrast of 4.5 to its ground, and what marks a control or the focus
// one of 3 (WCAG 2.2, 1.4.3 and 1.4.11), in both schemes.
func TestContrast(t *testing.T) {
	for scheme, colours := range schemes(t) {
		check := func(text, ground string, least float64) {
			t.Helper()
			require.NotEmpty(t, colours[text], "%s: %s", scheme, text)
			require.NotEmpty(t, colours[ground], "%s: %s", scheme, ground)
			require.GreaterOrEqual(t, contrast(t, colours[text], colours[ground]), least, "%s: %s on %s", scheme, text, ground)
		}
		for _, ground := range []string{"ground", "raised"} {
			for _, text := range []string{"text", "quiet", "link"} {
				check(text, ground, 4.5)
			}
			for _, edge := range []string{"edge", "focus"} {
				check(edge, ground, 3)
			}
		}
		for _, pair := range []string{"stable", "beta", "deprecated", "other", "warn"} {
			check(pair+"-text", pair+"-ground", 4.5)
		}
		check("link", "warn-ground", 4.5)
		check("deprecated-text", "deprecated-ground", 4.5)
		check("warn-edge", "ground", 3)
		for _, text := range []string{"text", "link", "quiet"} {
			check(text, "mark", 4.5)
		}
	}
	require.InDelta(t, 21, contrast(t, "#000000", "#ffffff"), 0.01, "the sum itself")
}

// What a rule uses is there in both schemes, and nothing is fetched from anywhere.
func TestTheStyleSheetIsWhole(t *testing.T) {
	text, both := styleSheet(t), schemes(t)
	for _, found := range regexp.MustCompile(`var\(--([a-z-]+)\)`).FindAllStringSubmatch(text, -1) {
		require.Contains(t, both["light"], found[1])
		require.Contains(t, both["dark"], found[1])
	}
	require.NotContains(t, text, "url(")
	require.NotContains(t, text, "@import")
	for _, wanted := range []string{"prefers-reduced-motion", "prefers-color-scheme", "@media print", "(max-width:", ":focus-visible"} {
		require.Contains(t, text, wanted)
	}
	_, rules, _ := strings.Cut(text, "* { box-sizing")
	rules, _, _ = strings.Cut(rules, "@media print")
	require.NotRegexp(t, `#[0-9a-f]{3,6}\b`, rules, "colours are named, so that the dark scheme has all of them")
}
