package web

import (
	"fmt"
	"time"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// Dates tells how far off days are. A page may depend on the UTC day, and never
// on the clock, so that every replica draws the same.
type Dates struct {
	// Day is the UTC day (2006-01-02) of the snapshot.
	Day string
}

// Ends gives what the catalog's dates say of an image, the next step of its life
// first.
func (d Dates) Ends(image api.Image) []string {
	l := image.Lifecycle
	if l == nil {
		return nil
	}
	var out []string
	if l.Deprecated != "" && d.Day < l.Deprecated && image.State != api.StateDeprecated {
		out = append(out, "deprecated from "+l.Deprecated)
	}
	switch {
	case l.Unsupported == "":
	case d.Day >= l.Unsupported:
		out = append(out, "no security updates since "+l.Unsupported)
	default:
		out = append(out, "security updates end "+l.Unsupported)
	}
	if l.Removed != "" {
		out = append(out, "removed on "+l.Removed)
	}
	return out
}

// Age says how long before the day something was.
func (d Dates) Age(t time.Time) string {
	today, err := time.Parse(time.DateOnly, d.Day)
	if err != nil || t.IsZero() {
		return ""
	}
	const day = 24 * time.Hour
	switch days := int(today.Sub(t.UTC().Truncate(day)) / day); {
	case days <= 0:
		return "today"
	case days == 1:
		return "yesterday"
	case days < 90:
		return fmt.Sprintf("%d days ago", days)
	case days < 730:
		return fmt.Sprintf("%d months ago", days*12/365)
	default:
		return fmt.Sprintf("%d years ago", days/365)
	}
}
