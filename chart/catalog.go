package chart

// Catalog is what one version of the catalog chart says. It is immutable once
// loaded: everything that reads it may share it.
type Catalog struct {
	FormatVersion string
	// Images maps a short name to its entry.
	Images map[string]*Entry
	// Tombstones maps the short name of a removed image to what is left of it.
	Tombstones map[string]*Tombstone
	// Stacks maps a buildpack stack or run image to its state.
	Stacks map[string]*Stack
}

// The states that an image may be in. Other words are refused in a catalog of
// a format that this build knows.
const (
	StateStable     = "stable"
	StateBeta       = "beta"
	StateDeprecated = "deprecated"
)

// Entry is one standard image. A nil list or map means that the catalog does
// not have the key; an empty one means that it is there and empty. The legacy
// view keeps that difference.
type Entry struct {
	State   string
	Aliases []string
	// Image is the flat reference that newer consumers read; "" if absent.
	Image    string
	Variants map[string]*Variant
	// WebserviceDefaults is an open map: its keys are upstream's draft.
	WebserviceDefaults map[string]any

	Description string
	Links       []Link
	ReplacedBy  string
	Lifecycle   Lifecycle
	// Formerly are references that this image had: they still resolve to it.
	Formerly []string
}

// The variants that Toolforge's consumers read.
const (
	VariantJobs       = "jobs-framework"
	VariantWebservice = "webservice"
)

// Variant is a flavour of an image for one consumer.
type Variant struct {
	Image string
	// Extra is whatever the consumer needs; nil if absent.
	Extra map[string]any
}

// Link is a place where people read more about an image.
type Link struct {
	Title string `json:"title"`
	URL   string `json:"url"`
}

// Date is a UTC day, YYYY-MM-DD; "" if not set. Days compare as strings.
type Date string

// Lifecycle are the days on which an image's state becomes worse.
type Lifecycle struct {
	Deprecated  Date `json:"deprecated,omitempty"`
	Unsupported Date `json:"unsupported,omitempty"`
	Removed     Date `json:"removed,omitempty"`
}

// Tombstone is what is left of a removed image.
type Tombstone struct {
	Date       Date   `json:"date"`
	Reason     string `json:"reason"`
	ReplacedBy string `json:"replacedBy,omitempty"`
}

// Stack is what the catalog says about a buildpack stack or run image.
type Stack struct {
	State      string    `json:"state"`
	Lifecycle  Lifecycle `json:"lifecycle,omitzero"`
	ReplacedBy string    `json:"replacedBy,omitempty"`
}

// Reference gives the entry's own reference as the catalog writes it: the flat
// image, else the jobs-framework variant (which is what consumers read before
// 2026-05), else the variant whose name sorts first. It is "" only in a catalog
// that validation refuses.
func (e *Entry) Reference() string {
	if e.Image != "" {
		return e.Image
	}
	if v := e.Variants[VariantJobs]; v != nil {
		return v.Image
	}
	if names := sortedKeys(e.Variants); len(names) > 0 {
		return e.Variants[names[0]].Image
	}
	return ""
}

// On tells the state on a UTC day. Dates make a state worse, never better:
// from the day of deprecation on, a stable or beta image is deprecated.
func (l Lifecycle) On(state string, day Date) string {
	for _, begins := range []Date{l.Deprecated, l.Unsupported, l.Removed} {
		if begins != "" && day >= begins && (state == StateStable || state == StateBeta) {
			return StateDeprecated
		}
	}
	return state
}

// SuccessorOf follows replacedBy from name to its end and gives the last name,
// or "" if nothing replaces it. A circle, which validation refuses, ends where
// it would begin again.
func (c *Catalog) SuccessorOf(name string) string {
	seen := map[string]bool{name: true}
	last := ""
	for {
		next := c.replacedBy(name)
		if next == "" || seen[next] {
			return last
		}
		seen[next], last, name = true, next, next
	}
}

func (c *Catalog) replacedBy(name string) string {
	if e := c.Images[name]; e != nil {
		return e.ReplacedBy
	}
	if t := c.Tombstones[name]; t != nil {
		return t.ReplacedBy
	}
	return ""
}
