package snapshot

import (
	"fmt"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
)

// notice makes the sentences that a command line should print before it uses
// an image: nothing for a stable one without plans. They change with the UTC
// day only.
func notice(i *Image, day chart.Date) string {
	var says []string
	say := func(format string, args ...any) {
		subject := "It"
		if len(says) == 0 {
			subject = "Image " + i.ShortName
		}
		says = append(says, subject+fmt.Sprintf(format, args...))
	}
	l := i.Lifecycle
	switch i.State {
	case chart.StateStable:
	case chart.StateDeprecated:
		say(" is deprecated.")
	case chart.StateBeta:
		say(" is a beta: it may change or go without notice.")
	default:
		say(" is in state %s.", i.State)
	}
	if l.Deprecated != "" && day < l.Deprecated && i.State != chart.StateDeprecated {
		say(" will be deprecated on %s.", l.Deprecated)
	}
	switch {
	case l.Unsupported == "":
	case day >= l.Unsupported:
		say(" has had no security updates since %s.", l.Unsupported)
	default:
		say(" will get no security updates from %s on.", l.Unsupported)
	}
	if l.Removed != "" {
		say(" will be removed on %s.", l.Removed)
	}
	if i.ReplacedBy != "" && len(says) > 0 {
		says = append(says, fmt.Sprintf("Use %s instead.", i.ReplacedBy))
	}
	return strings.Join(says, " ")
}
