package registry

import (
	"errors"
	"fmt"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// gravest orders kinds by how much they say about the whole host.
var gravest = []fault.Kind{fault.RateLimited, fault.Unreachable, fault.Denied, fault.TooLarge, fault.Usage}

// report collects the answers, and makes one error of all that are missing.
// reason is why the round was given up, if it was.
func (s *Source) report(p plan, reason error) fact.Report {
	report := fact.Report{
		Manifests:    make(map[fact.Reference]fact.Manifest),
		Repositories: make(map[string]fact.Repository),
	}
	var missing []*question
	for _, q := range p.questions {
		switch {
		case !q.answered():
			missing = append(missing, q)
		case q.list:
			report.Repositories[q.ref.Repository] = q.repository
		default:
			report.Manifests[q.key] = q.manifest
		}
	}
	if len(missing) > 0 {
		report.Err = s.shortfall(missing, len(p.questions), reason)
	}
	return report
}

// shortfall is the error of a round with missing answers: the reason for which
// it was given up, else the gravest failure, the first among equals.
func (s *Source) shortfall(missing []*question, asked int, reason error) error {
	about := ""
	if reason == nil {
		q := worst(missing)
		reason, about = q.err, " ("+q.String()+")"
	}
	out := &fault.Error{Kind: fault.KindOf(reason), Op: "ask registry", Side: s.Name()}
	text := reason
	if f, ok := errors.AsType[*fault.Error](reason); ok {
		out.Hint, out.RetryAfter = fault.HintOf(reason), f.RetryAfter
		if f.Side == s.Name() && f.Op == "" {
			text = f.Err // the host is named once
		}
	}
	out.Err = text
	if len(missing) < asked || about != "" {
		out.Err = fmt.Errorf("%d of %d questions got no answer%s: %w", len(missing), asked, about, text)
	}
	return out
}

func worst(missing []*question) *question {
	for _, kind := range gravest {
		for _, q := range missing {
			if fault.Is(q.err, kind) {
				return q
			}
		}
	}
	return missing[0]
}
