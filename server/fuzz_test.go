package server

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func FuzzPick(f *testing.F) {
	for _, header := range []string{"", "gzip", "gzip, deflate, br, zstd", "gzip;q=0.5,*;q=0", "identity;q=0", "*", "x-gzip ; q=1.000", ";;,,=", "gzip;q=0.5;q=0"} {
		f.Add(header)
	}
	f.Fuzz(func(t *testing.T, header string) {
		c := pick(header)
		require.True(t, c >= identity && c < codings)
		folded := strings.ToLower(header)
		if c != identity {
			require.True(t, strings.Contains(folded, codingNames[c]) || strings.Contains(folded, "*"), "%q never asked for %s", header, codingNames[c])
		}
		require.Equal(t, c, pick(" "+header+"\t"), "white space around says nothing")
		require.Equal(t, c, pick(header+","), "an empty item says nothing")
		require.Equal(t, c, pick(header+",br,unheard-of;q=1"), "codings that are not ours say nothing")
	})
}

func FuzzMatches(f *testing.F) {
	const tag = `"0123456789abcdef-gzip"`
	for _, header := range []string{"", "*", tag, "W/" + tag, `"a", ` + tag, `"a,b` + tag, `W/W/` + tag, `"`, `""`, ", ,", "\x00"} {
		f.Add(header)
	}
	f.Fuzz(func(t *testing.T, header string) {
		matched := matches([]string{header}, tag)
		if matched {
			require.True(t, strings.Contains(header, tag) || strings.Contains(header, "*"))
		}
		require.True(t, matches([]string{header, tag}, tag), "a line of its own counts, whatever the line before")
		require.True(t, matches([]string{tag + "," + header}, tag))
		require.Equal(t, matched, matches([]string{" , " + header}, tag))
		if !strings.Contains(header, "*") {
			require.False(t, matches([]string{header}, `"`+header+`x"`), "no list holds something longer than itself")
		}
	})
}

func FuzzMediaWeight(f *testing.F) {
	for _, accept := range []string{"", "*/*", "application/json", "application/yaml;q=0, */*", "text/html,*;q=0.1", "application/*;q=0.3", "/", ";q=1", "a/b;q=1;q=0"} {
		f.Add(accept)
	}
	f.Fuzz(func(t *testing.T, accept string) {
		for _, names := range [][]string{yamlNames, jsonNames} {
			w := mediaWeight(accept, names)
			require.True(t, w >= 0 && w <= fullWeight)
			require.Equal(t, w, mediaWeight(strings.ToUpper(accept), names) /* no letter of ours folds oddly */, "case says nothing")
			if trim(accept) != "" {
				require.Equal(t, w, mediaWeight(accept+",font/woff2", names))
				require.Equal(t, fullWeight, max(w, mediaWeight(accept+","+names[0], names)), "what is named is wanted")
			}
		}
	})
}

func FuzzListQuery(f *testing.F) {
	for _, query := range []string{"", "limit=1", "limit=2&cursor=bg", "state=stable&exists=true", "fields=tags,digest", "a;b", "%zz", "sort=-short_name&q=A", "=&==", "limit=1&limit=2"} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		q, err := parseListQuery(query)
		if err != nil {
			require.Less(t, len(err.Error()), 2048)
			require.Nil(t, q)
			return
		}
		require.True(t, q.limit >= 0 && q.limit <= maxLimit)
		require.True(t, q.after == "" || q.limit > 0)
		if q.limit > 0 {
			link := q.link("next one")
			require.NotContains(t, link[1:len(link)-len(`>; rel="next"`)], ">")
			again, err := parseListQuery(strings.TrimSuffix(strings.TrimPrefix(link, "<images?"), `>; rel="next"`))
			require.NoError(t, err, "our own link")
			require.Equal(t, "next one", again.after)
			require.Equal(t, q.filter, again.filter)
			require.Equal(t, q.descending, again.descending)
			require.Equal(t, q.fields, again.fields)
		}
	})
}
