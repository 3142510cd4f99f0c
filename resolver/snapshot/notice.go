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
	if i.Built != nil && i.Built.Stack != nil && i.Built.Stack.State == chart.StateDeprecated {
		say("%s", onStack(i.Built.Stack))
	}
	return strings.Join(says, " ")
}

// onStack tells the owners of a user-built image what it stands on, where that
// is at the end of its life. The state of the image stays what it is.
func onStack(stack *Stack) string {
	text := fmt.Sprintf(" stands on %s, which is deprecated: build it again", stack.Name)
	if stack.ReplacedBy != "" {
		text += " on " + stack.ReplacedBy
	}
	return text + "."
}
