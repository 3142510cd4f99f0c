package harbortest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	digestPattern = regexp.MustCompile(`sha256[:-][0-9a-f]{64}`)
	cookiePattern = regexp.MustCompile(`^sid=[^;]+;`)
)

// blots take out of a body what differs from one Harbor to the next.
var blots = []struct {
	what *regexp.Regexp
	with string
}{
	{regexp.MustCompile(`"pull_time":"[^"]*"`), `"pull_time":"<time>"`},
	{regexp.MustCompile(`"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"`), `"<time>"`},
	{regexp.MustCompile(`"size":\d+`), `"size":0`},
	{regexp.MustCompile(`"pull_count":[1-9]\d*`), `"pull_count":9`},
	{regexp.MustCompile(`"(token|access_token)":"[^"]*"`), `"$1":"<token>"`},
	{regexp.MustCompile(`"(exp|nbf|iat)":\d+`), `"$1":0`},
	{regexp.MustCompile(`"(jti|id|requestid)":"[^"]*"`), `"$1":"<random>"`},
	{regexp.MustCompile(`"(occur_at|date_created)":\d+`), `"$1":0`},
	{regexp.MustCompile(`"error":"(?:[^"\\]|\\.)*"`), `"error":"<error>"`},
}

// icons are digests that are the same in every Harbor, and so is the one that
// nothing has.
var icons = []string{
	"sha256:0048162a053eef4d4ce3fe7518615bef084403614f8bca43b40ae2e762e11e06",
	"sha256:20401d5b3a0f6dbc607c8d732eb08471af4ae6b19811a4efce8c6a724aed2882",
	"sha256:61cf3a178ff0f75bf08a25d96b75cf7355dc197749a9f128ed3ef34b0df05518",
	"sha256:badd7693bcaf115be202748241dd0ea6ee3b0524bfab9ac22d1e1c43721afec6",
	"sha256:da834479c923584f4cbcdecc0dac61f32bef1d51e8aae598cf16bd154efab49f",
	"sha256:" + strings.Repeat("0", 64),
}

// compact takes the blanks out of JSON; other text it leaves.
func compact(body []byte) []byte {
	var b bytes.Buffer
	if json.Compact(&b, body) != nil {
		return body
	}
	return b.Bytes()
}

// blot gives a body without what cannot be the same. Digests are numbered as
// they come, so that which is the same as which is compared all the same.
func blot(body []byte) string {
	text := string(compact(body))
	for _, b := range blots {
		text = b.what.ReplaceAllString(text, b.with)
	}
	text = lines(text)
	numbers := map[string]int{}
	return digestPattern.ReplaceAllStringFunc(text, func(d string) string {
		if slices.Contains(icons, d) {
			return d
		}
		key := d[len(d)-64:]
		if _, ok := numbers[key]; !ok {
			numbers[key] = len(numbers) + 1
		}
		return fmt.Sprintf("%s<%d>", d[:7], numbers[key])
	})
}

func blotHeader(value string) string {
	value = cookiePattern.ReplaceAllString(value, "sid=<cookie>;")
	return digestPattern.ReplaceAllStringFunc(value, func(d string) string { return d[:7] + "<digest>" })
}

// lines breaks a list into lines, for a readable difference.
func lines(text string) string { return strings.ReplaceAll(text, `},{`, "},\n{") }

// same compares two bodies and shows where they first differ: they may be long.
func same(t *testing.T, want, got string) {
	t.Helper()
	at := 0
	for at < len(want) && at < len(got) && want[at] == got[at] {
		at++
	}
	if at < len(want) || at < len(got) {
		from := max(0, at-80)
		require.Equal(t, want[from:min(len(want), at+120)], got[from:min(len(got), at+120)], "from character %d", from)
	}
}
