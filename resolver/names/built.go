package names

import (
	"cmp"
	"slices"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/reference"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
)

// The rules for user-built images where a spelling does not name one outright.
const (
	// RuleDigest: of the images with the digest the one tagged latest, else the
	// newest push.
	RuleDigest Rule = "digest"
	// RuleLatest: no tag was written, and there is latest.
	RuleLatest Rule = "latest"
	// RuleNewest: no tag was written, and there is no latest: the newest push.
	RuleNewest Rule = "newest"
	// RuleTag: no repository was written, and one has the tag.
	RuleTag Rule = "tag"
	// RuleUnasked: nobody could be asked yet, and the spelling is taken as it
	// stands.
	RuleUnasked Rule = "unasked"
)

// Built is what a spelling means among the images of one tool. Image is nil if
// it means none.
type Built struct {
	Repository *inventory.Repository
	Image      *inventory.Image
	Rule       Rule
	// Also are the short names of others that match as well, five at most; the
	// answer is the first, stable ones before others, then by name.
	Also []string
}

// InTool finds the tagged image of a tool that a spelling with a project means:
// what has all of the host (that of the tool's registry), repository, tag and
// digest that are written. Without a tag it is latest, else the newest push. A
// nil tool has none.
func InTool(tool *inventory.Tool, host string, s Spelling) Built {
	digest, isDigest := inventory.ParseDigest(s.Digest)
	if tool == nil || s.Host != "" && s.Host != host || s.Digest != "" && (!isDigest || digest.String() != s.Digest) {
		return Built{}
	}
	c := choice{tool: tool, tag: s.Tag}
	if isDigest {
		c.digest = &digest
	}
	if s.Name == "" {
		for _, r := range tool.Repositories {
			c.look(r)
		}
	} else if r := tool.Repository(s.Name); r != nil {
		c.look(r)
	}
	if r := tool.Aliased(s.Name); r != nil { // so there is no image by that name
		c.offer(r, r.Untagged())
	}
	return c.built(s)
}

// maxAlso is how many others that match as well are said.
const maxAlso = 5

// choice keeps the best of the images that are offered to it, and a few of its
// equals.
type choice struct {
	tool   *inventory.Tool
	tag    string            // "" if none is written
	digest *inventory.Digest // nil if none is written
	best   []candidate       // in the order of preference
}

// candidate is an image that a spelling may mean.
type candidate struct {
	repository *inventory.Repository
	image      *inventory.Image
}

// look offers the images of a repository.
func (c *choice) look(r *inventory.Repository) {
	if c.tag != "" {
		c.offer(r, r.Image(c.tag))
		return
	}
	for i := range r.Images {
		c.offer(r, &r.Images[i])
	}
}

func (c *choice) offer(r *inventory.Repository, i *inventory.Image) {
	if i == nil || c.tag != "" && i.Tag != c.tag || c.digest != nil && i.Digest != *c.digest {
		return
	}
	next := candidate{r, i}
	if len(c.best) > 0 {
		switch order := c.compare(next, c.best[0]); {
		case order > 0:
			return
		case order < 0:
			c.best = c.best[:0]
		}
	}
	// Equals come nearly in their order, so that their place is at the end.
	at := len(c.best)
	for at > 0 && c.prefer(next, c.best[at-1]) < 0 {
		at--
	}
	if at <= maxAlso {
		c.best = slices.Insert(c.best, at, next)
		c.best = c.best[:min(len(c.best), 1+maxAlso)]
	}
}

// compare puts latest first, then the newest push. Where a tag is written, all
// that have it are equal.
func (c *choice) compare(a, b candidate) int {
	switch {
	case c.tag != "" || a.isLatest() && b.isLatest():
		return 0
	case a.isLatest():
		return -1
	case b.isLatest():
		return 1
	}
	return cmp.Compare(b.image.Pushed, a.image.Pushed)
}

func (c candidate) isLatest() bool { return c.image.Tag == reference.DefaultTag }

// prefer orders equals: stable ones first, then by name.
func (c *choice) prefer(a, b candidate) int {
	if a.repository == b.repository {
		return strings.Compare(a.image.Tag, b.image.Tag)
	}
	return cmp.Or(a.unstable(c.tool)-b.unstable(c.tool), strings.Compare(a.shortName(c.tool), b.shortName(c.tool)))
}

// unstable is 1 for what its owner calls other than stable, to go behind the rest.
func (c candidate) unstable(tool *inventory.Tool) int {
	if marks := tool.Marks(c.repository.Name); marks != nil && marks.State != "" && marks.State != chart.StateStable {
		return 1
	}
	return 0
}

func (c candidate) shortName(tool *inventory.Tool) string {
	return tool.Project + "/" + c.repository.Name + ":" + c.image.Tag
}

func (c *choice) built(s Spelling) Built {
	if len(c.best) == 0 {
		return Built{}
	}
	first := c.best[0]
	out := Built{Repository: first.repository, Image: first.image, Rule: first.rule(c.tool, s)}
	for _, other := range c.best[1:] {
		out.Also = append(out.Also, other.shortName(c.tool))
	}
	return out
}

// rule tells why the candidate was chosen.
func (c candidate) rule(tool *inventory.Tool, s Spelling) Rule {
	switch {
	case s.Name != "" && s.Name != c.repository.Name:
		return RuleAlias // its owner's
	case s.Tag != "" && s.Name == "":
		return RuleTag
	case s.Tag != "" && s.Host != "":
		return RuleReference
	case s.Tag != "" && (s.Digest != "" || s.Project != tool.Project):
		return RuleAlias
	case s.Tag != "":
		return RuleShortName
	case s.Digest != "":
		return RuleDigest
	case c.isLatest():
		return RuleLatest
	}
	return RuleNewest
}
