// Package consumers knows how today's consumers read a catalog: what each would
// list, which spellings lead where, and what would break it.
//
// Their rules are written down here in words of our own, one file for each, with
// the place they were read from; nobody's code is run. A reading is of the legacy
// document, as it is rendered from a chart or found in a ConfigMap. It is not
// about what is right: package chart says what is valid, chart/lint what should be
// mended, chart/compare what a change means. Two results can be compared for what
// breaks a consumer that worked before ([Breaks]).
package consumers

// Consumer is one way of reading a catalog.
type Consumer struct {
	// Name is what flags and breaks call it.
	Name string `json:"name"`
	// About says who reads so, and since when or until when.
	About string `json:"about"`
	// Source is where its rules were read.
	Source string `json:"source"`

	read func(Document) Reading
}

// All gives the consumers that are known, newest first.
func All() []Consumer {
	return []Consumer{
		{Name: "jobs-api-2026-05", About: "jobs-api since 2026-05, which reads the flat image", Source: "jobs-api, main of 2026-07", read: readJobsAPI},
		{Name: "jobs-api-2022-11", About: "jobs-api before 2026-05, which reads the jobs-framework variant", Source: "jobs-api before the change for T415322", read: readOldJobsAPI},
		{Name: "webservice-0.98", About: "the webservice command", Source: "webservice-cli 0.98 of 2023-05, its last public version", read: readWebservice},
	}
}

// Names gives their names.
func Names() []string {
	var names []string
	for _, c := range All() {
		names = append(names, c.Name)
	}
	return names
}

// Check reads a document as each of the consumers would; with names only as
// those.
func Check(d Document, names ...string) Result {
	result := Result{}
	for _, c := range All() {
		if len(names) > 0 && !contains(names, c.Name) {
			continue
		}
		reading := c.read(d)
		reading.Consumer = c
		result.Readings = append(result.Readings, reading)
	}
	return result
}
