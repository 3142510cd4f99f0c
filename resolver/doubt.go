package resolver

import (
	"time"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// fewImages is how many images a host must have had for their loss to be
// implausible: of fewer, somebody may well have deleted most.
const fewImages = 4

// doubts are the answers of a round that are not believed.
type doubts struct {
	about        map[fact.Reference]bool
	repositories map[string]bool
}

// doubt looks for an implausible success: a host that suddenly lacks more than
// half of what it had stands before an empty disk or a wrong backend more often
// than before somebody's decision. Its "no" is not believed until it has been
// repeated for as long as our patience lasts. The state goes into next.
func (f *hostFacts) doubt(r outcome, patience time.Duration, next *hostFacts) doubts {
	had := 0
	d := doubts{about: map[fact.Reference]bool{}, repositories: map[string]bool{}}
	for ref, known := range f.manifests {
		answer, answered := r.report.Manifests[ref]
		if known.answer.Status != fact.Present || !answered {
			continue
		}
		had++
		if answer.Status == fact.Absent {
			d.about[ref] = true
			d.repositories[ref.Repository] = true
		}
	}
	if had < fewImages || 2*len(d.about) <= had {
		return doubts{}
	}
	next.doubted = f.doubted
	if next.doubted.IsZero() {
		next.doubted = r.at
	}
	if r.at.Sub(next.doubted) >= patience {
		next.doubted = time.Time{}
		return doubts{}
	}
	if next.err == nil {
		next.err = fault.New(fault.Refused, "ask registry", r.asked[0].Host,
			"it says that %d of %d images are gone that it had: not believed before %s",
			len(d.about), had, next.doubted.Add(patience).UTC().Format(time.RFC3339)).
			WithHint("if they were deleted on purpose, retire them in the catalog")
	}
	return d
}
