package server_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFilters(t *testing.T) {
	s := start(t, setup{values: sample})
	s.registries.without("bookworm", "n-upper")
	s.refresh(t)

	none := []string{}
	for _, c := range []struct {
		query string
		want  []string
	}{
		{"?type=standard", sampleNames},
		{"?type=buildservice", none},
		{"?type=buildservice&type=standard", sampleNames},
		{"?type=Standard", none},
		{"?state=beta", []string{"N", "n"}},
		{"?state=deprecated", []string{"python3.7", "ruby2.5"}},
		{"?state=beta&state=deprecated", []string{"N", "n", "python3.7", "ruby2.5"}},
		{"?state=nonsense", none},
		{"?stack_state=deprecated", none},
		{"?tool=wikibugs", none},
		{"?variant=webservice", []string{"bookworm", "python3.11"}},
		{"?variant=jobs-framework", []string{"bookworm", "team/tool"}},
		{"?variant=webservice&variant=jobs-framework", []string{"bookworm", "python3.11", "team/tool"}},
		{"?name=n", []string{"n"}},
		{"?name=tf-python37", []string{"python3.7"}},
		{"?name=Python", []string{"python3.11"}},
		{"?name=python", none},
		{"?name=team/tool&name=shared/alias&name=bookworm", []string{"bookworm", "team/tool"}},
		{"?q=python", []string{"python3.11", "python3.7"}},
		{"?q=PYTHON3.1", []string{"python3.11"}},
		{"?q=TF-", []string{"python3.11", "python3.7", "ruby2.5"}},
		{"?q=/", []string{"team/tool"}},
		{"?q=tool&q=ruby", []string{"ruby2.5", "team/tool"}},
		{"?exists=false", []string{"N", "bookworm"}},
		{"?exists=true", []string{"n", "python3.11", "python3.7", "ruby2.5", "team/tool"}},
		{"?exists=unknown", none},
		{"?exists=false&exists=unknown", []string{"N", "bookworm"}},
		{"?state=beta&exists=false", []string{"N"}},
		{"?state=beta&state=stable&variant=webservice&exists=true&q=py&type=standard", []string{"python3.11"}},
		{"?state=stable&name=ruby2.5", none},
		{"?q=%2F&state=stable&&", []string{"team/tool"}},
	} {
		t.Run(c.query, func(t *testing.T) { require.Equal(t, c.want, s.names(t, c.query)) })
	}
}

func TestAFilteredListKeepsWholeRecordsAndWarnings(t *testing.T) {
	s := start(t, setup{values: sample})
	whole := s.images(t, "")
	for i, name := range sampleNames {
		require.Equal(t, whole[i], s.images(t, "?name="+name)[0])
	}
}
