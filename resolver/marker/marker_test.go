package marker_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/marker"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/schemas"
)

func TestMarkers(t *testing.T) {
	for tag, wanted := range map[string]marker.Marker{
		"state-stable":                        {Kind: marker.State, Values: []string{"stable"}},
		"state-beta":                          {Kind: marker.State, Values: []string{"beta"}},
		"state-deprecated":                    {Kind: marker.State, Values: []string{"deprecated"}},
		"resources-default":                   {Kind: marker.Resources, Values: []string{"default"}},
		"resources-jdk":                       {Kind: marker.Resources, Values: []string{"jdk"}},
		"wstype-js":                           {Kind: marker.WSType, Values: []string{"js"}},
		"wstype-lighttpd-plain":               {Kind: marker.WSType, Values: []string{"lighttpd-plain"}},
		"aliases-foo":                         {Kind: marker.Aliases, Values: []string{"foo"}},
		"aliases-python3.13":                  {Kind: marker.Aliases, Values: []string{"python3.13"}},
		"aliases-tf-python39":                 {Kind: marker.Aliases, Values: []string{"tf-python39"}},
		"aliases-my__tool":                    {Kind: marker.Aliases, Values: []string{"my_tool"}},
		"aliases-web_.front":                  {Kind: marker.Aliases, Values: []string{"web/front"}},
		"aliases-b_-a_.c_-d__":                {Kind: marker.Aliases, Values: []string{"b", "a/c", "d_"}},
		"aliases-a____b":                      {Kind: marker.Aliases, Values: []string{"a__b"}},
		"aliases-a___.b":                      {Kind: marker.Aliases, Values: []string{"a_/b"}},
		"aliases-3.20":                        {Kind: marker.Aliases, Values: []string{"3.20"}},
		"aliases-Foo":                         {Kind: marker.Aliases, Values: []string{"Foo"}},
		"aliases-a.-b":                        {Kind: marker.Aliases, Values: []string{"a.-b"}},
		"aliases-tool-x":                      {Kind: marker.Aliases, Values: []string{"tool-x"}},
		"aliases-state-stable":                {Kind: marker.Aliases, Values: []string{"state-stable"}},
		"aliases-buildservice2":               {Kind: marker.Aliases, Values: []string{"buildservice2"}},
		"aliases-a_.tool-x_.b":                {Kind: marker.Aliases, Values: []string{"a/tool-x/b"}},
		"aliases-a_.buildservice":             {Kind: marker.Aliases, Values: []string{"a/buildservice"}},
		"aliases-" + strings.Repeat("a", 120): {Kind: marker.Aliases, Values: []string{strings.Repeat("a", 120)}},
	} {
		got, ok := marker.Parse(tag)
		require.True(t, ok, tag)
		require.Equal(t, wanted, got, tag)
		back, err := got.Tag()
		require.NoError(t, err)
		require.Equal(t, tag, back)
	}
}

// What does not parse as a whole is an ordinary tag, which may well be an image.
func TestOrdinaryTags(t *testing.T) {
	for _, tag := range []string{
		"", "-", "latest", "v1.2", "state", "state-", "aliases", "aliases-", "wstype-", "resources-",
		"State-stable", "state-Stable", "state-stables", "state-stable-2", "state_stable", "state--stable", "state-unknown",
		"resources-large", "wstype-pyhton", "wstype-python3.11", "wstype-lighttpd_plain", "alias-foo", "xaliases-foo",
		"aliases-a_", "aliases-_a", "aliases-a_b", "aliases-my_tool", "aliases-a_2Fb", // an underscore that is no sign
		"aliases-.a", "aliases--a", "aliases-__a", "aliases-a_._.b", "aliases-a_.", "aliases-_.a", "aliases-a_..b", "aliases-a_.-b",
		"aliases-a_-", "aliases-_-a", "aliases-a_-_-b", "aliases-a_-a", "aliases-a_-.b",
		"aliases-buildservice", "aliases-a_-buildservice", "aliases-tool-x_.web", "aliases-tool-_.web", "aliases-a_-tool-x_.web",
		"aliases-a/b", "aliases-a:b", "aliases-a@b", "aliases-a b", "aliases-ä",
		"aliases-" + strings.Repeat("a", 121),
	} {
		_, ok := marker.Parse(tag)
		require.False(t, ok, tag)
	}
}

func TestWhatCannotBeWritten(t *testing.T) {
	for _, m := range []marker.Marker{
		{}, {Kind: "color", Values: []string{"red"}},
		{Kind: marker.State}, {Kind: marker.State, Values: []string{"frozen"}}, {Kind: marker.State, Values: []string{"stable", "beta"}},
		{Kind: marker.Aliases}, {Kind: marker.Aliases, Values: []string{""}}, {Kind: marker.Aliases, Values: []string{"a", "a"}},
		{Kind: marker.Aliases, Values: []string{"a:b"}}, {Kind: marker.Aliases, Values: []string{"buildservice"}},
		{Kind: marker.Aliases, Values: []string{strings.Repeat("a", 121)}},
		{Kind: marker.Aliases, Values: []string{strings.Repeat("_", 61)}},
		{Kind: marker.Aliases, Values: []string{"a" + strings.Repeat("_", 60)}}, // each takes two
	} {
		tag, err := m.Tag()
		require.Error(t, err, tag)
	}
	_, err := marker.Marker{Kind: marker.Aliases, Values: []string{strings.Repeat("a", 121)}}.Tag()
	require.ErrorContains(t, err, "write several tags")
}

// Aliases are such as the catalog's schema takes.
func TestNamesAreTheSchemas(t *testing.T) {
	var schema struct {
		Definitions map[string]struct {
			Pattern string
			AllOf   []struct {
				Not struct {
					Enum    []string
					Pattern string
				}
			}
		}
	}
	require.NoError(t, json.Unmarshal(schemas.ValuesSchema(), &schema))
	name := schema.Definitions["name"]
	require.Len(t, name.AllOf, 2)
	pattern, taken := regexp.MustCompile(name.Pattern), regexp.MustCompile(name.AllOf[1].Not.Pattern)
	require.Equal(t, []string{"buildservice"}, name.AllOf[0].Not.Enum)
	for _, text := range []string{
		"a", "A", "0", "a.b", "a-b", "a_b", "a/b", "a/b/c", "buildservice", "buildservice/a", "a/buildservice",
		"tool-a", "tool-a/b", "tool-/b", "tool-a/b/c", "atool-a/b", "a/tool-b/c", "tool/a",
		"", ".a", "-a", "_a", "/a", "a/", "a//b", "a/.b", "a:b", "a@b", "a b", "ä", "a\n",
	} {
		wanted := pattern.MatchString(text) && text != "buildservice" && !taken.MatchString(text)
		_, err := marker.Marker{Kind: marker.Aliases, Values: []string{text}}.Tag()
		require.Equal(t, wanted, err == nil, "%q", text)
	}
}
