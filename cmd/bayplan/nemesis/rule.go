package nemesis

import (
	"fmt"
	"time"
)

// Rule is what an answer may break.
type Rule string

// The rules.
const (
	// RulePublished: a body is a state that was written, all of it, before it was
	// sent.
	RulePublished Rule = "published"
	// RuleETag: for one question and coding, equal tags are equal bytes; and a tag
	// is that of its bytes.
	RuleETag Rule = "etag"
	// RuleBackwards: on one replica nothing is older than what was read there
	// before, but for the last [Forgotten] before a crash.
	RuleBackwards Rule = "backwards"
	// RuleStale: what is older than what was read before a crash is marked stale.
	RuleStale Rule = "stale"
	// RuleHeld: 304 is for who holds what would be sent.
	RuleHeld Rule = "held"
	// RulePrivate: a private project's images are for its tool.
	RulePrivate Rule = "private"
	// RuleDay: states are of a UTC day that the replica's clock showed.
	RuleDay Rule = "day"
	// RuleFailed: a process that runs answers.
	RuleFailed Rule = "failed"
)

const (
	// Forgotten is how much of live facts a crash may lose (docs/reliability.md),
	// with some time for the disk.
	Forgotten = 35 * time.Second
	// forgottenPrivacy is the same for that a project turned private, which is
	// written at once.
	forgottenPrivacy = 2 * time.Second
	// proofAge is how old what is known of private projects may be while Harbor can
	// be asked, with some time for a busy machine.
	proofAge = 50 * time.Second
	// dayLag is how long a state may be of the day before.
	dayLag = 70 * time.Second
)

// Violation is an answer that broke a rule.
type Violation struct {
	Rule Rule
	Read int // its number in the history
	Text string
}

func (v Violation) String() string { return fmt.Sprintf("%s: read %d: %s", v.Rule, v.Read, v.Text) }
