package resolver

import (
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/shrink"
)

// fewImages is how many images a host must have had for their loss to be
// implausible: of fewer, somebody may well have deleted most.
const fewImages = 4

// doubts are the answers of a round that are not believed.
type doubts struct {
	about        map[fact.Reference]bool
	repositories map[string]bool
}

// doubt looks for an implausible success, as package shrink has it, in the
// answers of a round. The state goes into next.
func (f *hostFacts) doubt(r outcome, policy shrink.Policy, next *hostFacts) doubts {
	if f.hearsay {
		return doubts{} // others said that there was something to lose
	}
	policy.Few = fewImages
	d := doubts{about: map[fact.Reference]bool{}, repositories: map[string]bool{}}
	answer, wasAsked := shrink.Answer{At: r.at, Back: r.back()}, r.membership()
	for ref, known := range f.manifests {
		if known.answer.Status != fact.Present {
			continue
		}
		now, answered := r.report.Manifests[ref]
		switch {
		case answered && now.Status == fact.Absent:
			answer.Lost = append(answer.Lost, ref.String())
			d.about[ref], d.repositories[ref.Repository] = true, true
			continue
		case !answered && wasAsked(ref):
			answer.Partial = true
		}
		answer.Kept++
	}
	var doubt *shrink.Doubt
	if next.watch, doubt = f.watch.Judge(policy, answer); doubt == nil {
		return doubts{}
	}
	next.doubted = true
	if next.err == nil {
		next.err = doubt.Error("ask registry", r.asked[0].Host, "images")
	}
	return d
}

// back tells, of what went, what is there again or no longer wanted.
func (r outcome) back() func(name string) bool {
	missing := map[string]bool{}
	for _, ref := range r.wanted {
		if answer, answered := r.report.Manifests[ref]; !answered || answer.Status == fact.Absent {
			missing[ref.String()] = true
		}
	}
	return func(name string) bool { return !missing[name] }
}
