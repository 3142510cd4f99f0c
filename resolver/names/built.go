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
	// Also are the short names of others that match as well; the answer is the
	// first, stable ones before others, then by name.
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
	c := choice{tag: s.Tag}
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
	return c.built(tool, s)
}

// choice keeps the best of the images that are offered to it, and its equals.
type choice struct {
	tag    string            // "" if none is written
	digest *inventory.Digest // nil if none is written
	best   []candidate
}

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
	if len(c.best) == 0 {
		c.best = append(c.best, next)
		return
	}
	switch order := next.compare(c.best[0]); {
	case c.tag != "" || order == 0:
		c.best = append(c.best, next)
	case order < 0:
		c.best = append(c.best[:0], next)
	}
}

// compare puts latest first, then the newest push.
func (c candidate) compare(other candidate) int {
	if a, b := c.isLatest(), other.isLatest(); a || b {
		switch {
		case a && b:
			return 0
		case a:
			return -1
		}
		return 1
	}
	return cmp.Compare(other.image.Pushed, c.image.Pushed)
}

func (c candidate) isLatest() bool { return c.image.Tag == reference.DefaultTag }

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

func (c *choice) built(tool *inventory.Tool, s Spelling) Built {
	if len(c.best) == 0 {
		return Built{}
	}
	slices.SortFunc(c.best, func(a, b candidate) int {
		return cmp.Or(a.unstable(tool)-b.unstable(tool), strings.Compare(a.shortName(tool), b.shortName(tool)))
	})
	first := c.best[0]
	out := Built{Repository: first.repository, Image: first.image, Rule: first.rule(tool, s)}
	for _, other := range c.best[1:] {
		out.Also = append(out.Also, other.shortName(tool))
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
