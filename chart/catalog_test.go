package chart_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
)

func TestEntryReference(t *testing.T) {
	variants := map[string]*chart.Variant{
		chart.VariantJobs:       {Image: "registry.example/jobs"},
		chart.VariantWebservice: {Image: "registry.example/web"},
		"aaa":                   {Image: "registry.example/aaa"},
	}
	for name, c := range map[string]struct {
		entry chart.Entry
		want  string
	}{
		"the flat image first":         {chart.Entry{Image: "registry.example/flat", Variants: variants}, "registry.example/flat"},
		"then the variant for jobs":    {chart.Entry{Variants: variants}, "registry.example/jobs"},
		"then the first one by name":   {chart.Entry{Variants: map[string]*chart.Variant{"web": {Image: "b"}, "other": {Image: "a"}}}, "a"},
		"nothing where nothing is":     {chart.Entry{}, ""},
		"nothing where a map is empty": {chart.Entry{Variants: map[string]*chart.Variant{}}, ""},
	} {
		require.Equal(t, c.want, c.entry.Reference(), name)
	}
}

func TestACatalogOfWebservicesAlone(t *testing.T) {
	catalog := load(t, []byte(`
formatVersion: "1.0"
images:
  a:
    state: stable
    variants:
      webservice: {image: registry.example/a-web, extra: {wstype: generic}}
`))
	require.Equal(t, "registry.example/a-web", catalog.Images["a"].Reference())
	require.Equal(t, "generic", catalog.Images["a"].Variants[chart.VariantWebservice].Extra["wstype"])
	require.JSONEq(t, `{"a": {"state": "stable", "variants": {"webservice": {"image": "registry.example/a-web", "extra": {"wstype": "generic"}}}}}`,
		string(catalog.LegacyJSON()))
}

func TestLifecycleMakesAStateWorseAndNeverBetter(t *testing.T) {
	all := chart.Lifecycle{Deprecated: "2026-03-01", Unsupported: "2026-06-01", Removed: "2026-09-01"}
	for name, c := range map[string]struct {
		dates       chart.Lifecycle
		state, want string
		day         chart.Date
	}{
		"no dates":                        {chart.Lifecycle{}, chart.StateStable, chart.StateStable, "2030-01-01"},
		"the day before":                  {all, chart.StateStable, chart.StateStable, "2026-02-28"},
		"the day itself":                  {all, chart.StateStable, chart.StateDeprecated, "2026-03-01"},
		"beta too":                        {all, chart.StateBeta, chart.StateDeprecated, "2026-03-02"},
		"deprecated before its day stays": {all, chart.StateDeprecated, chart.StateDeprecated, "2020-01-01"},
		"unsupported without deprecated":  {chart.Lifecycle{Unsupported: "2026-06-01"}, chart.StateStable, chart.StateDeprecated, "2026-06-01"},
		"removed without the others":      {chart.Lifecycle{Removed: "2026-09-01"}, chart.StateStable, chart.StateDeprecated, "2026-09-02"},
		"a word of a newer format":        {all, "sunset", "sunset", "2026-12-31"},
	} {
		require.Equal(t, c.want, c.dates.On(c.state, c.day), name)
	}
}

func TestSuccessorOfFollowsToTheEnd(t *testing.T) {
	catalog := &chart.Catalog{
		Images: map[string]*chart.Entry{
			"node16": {ReplacedBy: "node18"}, "node18": {ReplacedBy: "node20"}, "node20": {},
			"loop": {ReplacedBy: "pool"}, "pool": {ReplacedBy: "loop"}, "into": {ReplacedBy: "loop"}, "self": {ReplacedBy: "self"},
			"lost": {ReplacedBy: "gone"},
		},
		Tombstones: map[string]*chart.Tombstone{"node12": {ReplacedBy: "node16"}, "end": {}},
	}
	for name, want := range map[string]string{
		"node12": "node20", "node16": "node20", "node18": "node20", "node20": "", "end": "", "unknown": "",
		"loop": "pool", "pool": "loop", "into": "pool", "self": "", "lost": "gone",
	} {
		require.Equal(t, want, catalog.SuccessorOf(name), name)
	}
}
