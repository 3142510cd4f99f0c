package consumers_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/consumers"
)

const two = good + `node12:
  state: stable
  image: registry.example/node12-web
  aliases: [tf-node12]
  variants:
    jobs-framework: {image: registry.example/node12}
    webservice: {image: registry.example/node12-web, extra: {wstype: js}}
`

// Each change, and what it breaks by name.
func TestBreaks(t *testing.T) {
	node := strings.TrimPrefix(two, good)
	for name, c := range map[string]struct {
		after string
		want  []string
	}{
		"nothing":           {two, nil},
		"deprecated":        {strings.Replace(two, "node12:\n  state: stable", "node12:\n  state: deprecated", 1), nil},
		"another alias":     {strings.Replace(two, "[tf-node12]", "[tf-node12, node]", 1), nil},
		"a new image":       {two + "trixie: {state: stable, image: a.b/trixie, variants: {}}\n", nil},
		"an alias less":     {strings.Replace(two, "[tf-node12]", "[]", 1), []string{"jobs-api-2026-05/spelling/tf-node12", "jobs-api-2022-11/spelling/tf-node12"}},
		"an alias moved":    {strings.Replace(strings.Replace(two, "[tf-node12]", "[]", 1), "[tf-php74]", "[tf-php74, tf-node12]", 1), []string{"jobs-api-2026-05/spelling/tf-node12", "jobs-api-2022-11/spelling/tf-node12"}},
		"an image less":     {good, []string{"jobs-api-2026-05/lost/node12", "jobs-api-2026-05/spelling/tf-node12", "jobs-api-2026-05/spelling/node12-web", "jobs-api-2022-11/lost/node12", "jobs-api-2022-11/spelling/tf-node12", "webservice-0.98/lost/node12"}},
		"renamed":           {strings.NewReplacer("node12:\n", "node12-old:\n", "[tf-node12]", "[tf-node12, node12]").Replace(two), []string{"webservice-0.98/lost/node12"}},
		"no variant":        {strings.Replace(two, "    webservice: {image: registry.example/node12-web, extra: {wstype: js}}\n", "", 1), []string{"webservice-0.98/lost/node12"}},
		"no flat image":     {strings.Replace(two, "  image: registry.example/node12-web\n", "", 1), []string{"jobs-api-2026-05/lost/node12", "jobs-api-2026-05/spelling/tf-node12", "jobs-api-2026-05/spelling/node12-web"}},
		"no default":        {node, []string{"jobs-api-2026-05/lost/php7.4", "jobs-api-2026-05/spelling/tf-php74", "jobs-api-2026-05/spelling/php74-web", "jobs-api-2022-11/lost/php7.4", "jobs-api-2022-11/spelling/tf-php74", "jobs-api-2022-11/spelling/php74", "webservice-0.98/default", "webservice-0.98/lost/php7.4"}},
		"a tag":             {strings.ReplaceAll(two, "node12-web", "node12-web:v1"), []string{"webservice-0.98/unusable/node12"}},
		"a wrong word":      {strings.Replace(two, "wstype: js", "wstype: node", 1), []string{"webservice-0.98/fails"}},
		"a state forgotten": {strings.Replace(two, "node12:\n  state: stable\n", "node12:\n", 1), []string{"jobs-api-2026-05/fails", "jobs-api-2022-11/fails", "webservice-0.98/fails"}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, b := range consumers.Breaks(legacy(two), legacy(c.after)) {
				require.NotEmpty(t, b.Message)
				got = append(got, b.Name)
			}
			require.Equal(t, c.want, got)
		})
	}
}

func TestWhatWasBrokenBeforeIsNoBreak(t *testing.T) {
	broken := strings.Replace(two, "wstype: js", "wstype: node", 1)
	require.Empty(t, consumers.Breaks(legacy(broken), legacy(broken)))
	require.Empty(t, consumers.Breaks(legacy(broken), legacy(two)))
	tagged := strings.ReplaceAll(two, "node12-web", "node12-web:v1")
	require.Empty(t, consumers.Breaks(legacy(tagged), legacy(tagged)))
	other := strings.ReplaceAll(good, "php7.4", "php8.4")
	require.Empty(t, consumers.Breaks(legacy(other), legacy(other)), "the default was not there before")
}

func TestFaults(t *testing.T) {
	for name, c := range map[string]struct {
		document string
		want     []string
	}{
		"good":                   {two, nil},
		"fails":                  {strings.Replace(two, "wstype: js", "wstype: node", 1), []string{"webservice-0.98/fails"}},
		"lost between two":       {strings.Replace(two, "  image: registry.example/node12-web\n", "", 1), []string{"jobs-api-2026-05/lost/node12"}},
		"never had":              {good + "trixie: {state: stable, variants: {}}\n", nil},
		"no default":             {strings.ReplaceAll(good, "php7.4", "php8.4"), []string{"webservice-0.98/default"}},
		"a reference of no use":  {strings.ReplaceAll(two, "node12-web", "node12-web:v1"), []string{"webservice-0.98/unusable/node12"}},
		"no flat image anywhere": {"a: {state: stable, variants: {jobs-framework: {image: a.b/c}}}\n", []string{"jobs-api-2026-05/fails", "webservice-0.98/default"}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, b := range consumers.Faults(legacy(c.document)) {
				got = append(got, b.Name)
			}
			require.Equal(t, c.want, got)
		})
	}
}

func TestAllow(t *testing.T) {
	breaks := consumers.Breaks(legacy(two), legacy(strings.Replace(two, "[tf-node12]", "[]", 1)))
	left, unused := consumers.Allow(breaks, []string{"jobs-api-2022-11/spelling/tf-node12", "webservice-0.98/fails"})
	require.Len(t, left, 1)
	require.Equal(t, "jobs-api-2026-05/spelling/tf-node12", left[0].Name)
	require.Equal(t, []string{"webservice-0.98/fails"}, unused)
}
