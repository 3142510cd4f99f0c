package names_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/names"
)

// cuts is how jobs-api cuts spellings. The order of its cuts matters: the
// digest, the host, the project, the tag.
var cuts = map[string]names.Spelling{
	"bookworm":        {Name: "bookworm"},
	"bookworm:latest": {Name: "bookworm", Tag: "latest"},
	"python3.11":      {Name: "python3.11"},

	"x:y@sha:123":        {Name: "x", Tag: "y", Digest: "sha:123"},
	"x@sha256:1234":      {Name: "x", Digest: "sha256:1234"},
	"x@a@b":              {Name: "x", Digest: "a@b"},
	"a.example/x@b/c:d":  {Host: "a.example", Name: "x", Digest: "b/c:d"},
	"tool-x/img@sha:123": {Project: "tool-x", Name: "img", Digest: "sha:123"},

	"a.example/x":               {Host: "a.example", Name: "x"},
	"a.example:5000/x":          {Host: "a.example:5000", Name: "x"},
	"a.example:5000/x:1":        {Host: "a.example:5000", Name: "x", Tag: "1"},
	"a.example/deep/er/x:1":     {Host: "a.example", Name: "deep/er/x", Tag: "1"},
	"a.example/tool-x/img":      {Host: "a.example", Project: "tool-x", Name: "img"},
	"a.example/tool-x/img:1@d":  {Host: "a.example", Project: "tool-x", Name: "img", Tag: "1", Digest: "d"},
	"deep/er/x":                 {Name: "deep/er/x"},
	"deep/a.example/x":          {Name: "deep/a.example/x"}, // only the first segment is a host
	"localhost/x":               {Name: "localhost/x"},      // a host holds a dot
	"localhost:5000/x":          {Name: "localhost", Tag: "5000/x"},
	"a.example":                 {Name: "a.example"}, // one segment is no host
	"a.example:5000":            {Name: "a.example", Tag: "5000"},
	"A.EXAMPLE/X:Y":             {Host: "A.EXAMPLE", Name: "X", Tag: "Y"},
	"docker://a.example/x":      {Name: "docker", Tag: "//a.example/x"},
	"oci://a.example/x:1@sha:2": {Name: "oci://a.example/x", Tag: "1", Digest: "sha:2"},

	"tool-x/img":              {Project: "tool-x", Name: "img"},
	"tool-x/img:1":            {Project: "tool-x", Name: "img", Tag: "1"},
	"tool-x/deep/img":         {Project: "tool-x", Name: "deep/img"},
	"tool-x":                  {Name: "tool-x"},
	"tool-x:1":                {Name: "tool-x", Tag: "1"},
	"tool-":                   {Name: "tool-"},
	"tool-/img":               {Project: "tool-", Name: "img"},
	"toolforge-x/img":         {Name: "toolforge-x/img"},
	"tool-a.b/img":            {Host: "tool-a.b", Name: "img"},             // the host is cut first
	"tool-a-char.sep-b/img":   {Project: "tool-a-char.sep-b", Name: "img"}, // a tool's project, though it holds a dot
	"tool-a--b/img":           {Project: "tool-a--b", Name: "img"},
	"tool-a.b/tool-x/img":     {Host: "tool-a.b", Project: "tool-x", Name: "img"},
	"h.e/tool-a-char.sep-b/i": {Host: "h.e", Project: "tool-a-char.sep-b", Name: "i"},

	"":            {},
	"@":           {},
	":":           {},
	"/":           {Name: "/"},
	"x:":          {Name: "x"},
	"x@":          {Name: "x"},
	"x:@":         {Name: "x"},
	":y":          {Tag: "y"},
	"@sha:1":      {Digest: "sha:1"},
	"x:y:z":       {Name: "x:y", Tag: "z"},
	"a.example/":  {Host: "a.example"},
	"./x":         {Host: ".", Name: "x"},
	"tool-x/":     {Project: "tool-x"},
	"x y":         {Name: "x y"},
	"\x00\xff é:": {Name: "\x00\xff é"},
}

func TestParse(t *testing.T) {
	for text, wanted := range cuts {
		t.Run(text, func(t *testing.T) {
			wanted.Text = text
			require.Equal(t, wanted, names.Parse(text))
		})
	}
}

func TestShortNameOfWhatIsUnknown(t *testing.T) {
	for text, wanted := range map[string]string{
		"x":                         "x",
		"x:y@sha:123":               "x:y@sha:123",
		"a.example/x:1":             "x:1",
		"a.example/tool-x/img:1@d":  "tool-x/img:1@d",
		"tool-x/img":                "tool-x/img",
		"":                          "",
		"x:@":                       "x",
		"a.example:5000/deep/er:/x": "deep/er:/x",
	} {
		require.Equal(t, wanted, names.Parse(text).ShortName(), text)
	}
}

// FuzzParse holds that nothing is lost and nothing invented: the parts, put
// together, are the text. Only a separator with nothing behind it has no part.
func FuzzParse(f *testing.F) {
	for text := range cuts {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s := names.Parse(text)
		together := s.Path()
		if s.Host != "" {
			together = s.Host + "/" + together
		}
		all := []string{together}
		for _, part := range []struct{ separator, text string }{{":", s.Tag}, {"@", s.Digest}} {
			for i, before := range all {
				all[i] = before + part.separator + part.text
				if part.text == "" {
					all = append(all, before)
				}
			}
		}
		if !slices.Contains(all, text) {
			t.Errorf("%q is cut into %#v", text, s)
		}
		if strings.Contains(s.Host+s.Path()+s.Tag, "@") {
			t.Errorf("%q: the digest is cut off first, not as in %#v", text, s)
		}
	})
}
