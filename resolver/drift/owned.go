package drift

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbor"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
)

// ownedPrefix is a prefix with what is there.
type ownedPrefix struct {
	Prefix
	paths   []string
	warning string
}

// owned gives what registries have where all should be the catalog's, sorted by
// host and prefix.
func owned(s *snapshot.Snapshot) []ownedPrefix {
	out := harborProjects(s)
	if s.Owned != nil {
		for host, listing := range s.Owned.Listings {
			for _, prefix := range s.Owned.Prefixes[host] {
				out = append(out, listed(host, prefix, listing))
			}
		}
	}
	slices.SortFunc(out, func(a, b ownedPrefix) int {
		return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.Prefix.Prefix, b.Prefix.Prefix))
	})
	return out
}

// listed is a prefix at a host that was asked for its list of repositories.
func listed(host, prefix string, l *snapshot.Listing) ownedPrefix {
	p := ownedPrefix{Prefix: Prefix{Host: host, Prefix: prefix, Status: Known}}
	switch {
	case l == nil:
		p.Status, p.warning = Unasked, " has not answered yet"
	case !l.Known:
		p.Status, p.warning = Unasked, " cannot be asked"
	case l.Failing:
		p.Status, p.warning = Stale, " cannot be asked now"
	}
	if p.warning != "" {
		p.warning = host + p.warning + unsaid(p.Status, prefix)
	}
	if l != nil {
		p.fill(l.Repositories)
	}
	return p
}

func unsaid(status Status, prefix string) string {
	if status == Stale {
		return fmt.Sprintf(" which repositories it has below %s: they are as it last answered", prefix)
	}
	return fmt.Sprintf(" which repositories it has below %s: what is there and not in the catalog is not known", prefix)
}

// fill takes the repositories below the prefix. What users build is never the
// catalog's, whatever prefix an operator names.
func (p *ownedPrefix) fill(paths []string) {
	for _, path := range paths {
		project, rest := harbor.SplitName(path)
		if _, users := inventory.ToolOf(project); strings.HasPrefix(path, p.Prefix.Prefix) && (!users || rest == "") {
			p.paths = append(p.paths, path)
		}
	}
	p.Repositories = len(p.paths)
}

// harborProjects are the projects of Harbor that hold standard images. Those of
// tools are the tools', and of a private one nothing is said.
func harborProjects(s *snapshot.Snapshot) []ownedPrefix {
	known := map[string]bool{} // project: whether it was read
	for _, i := range s.Images {
		for _, o := range offers(i) {
			project, rest := harbor.SplitName(o.Reference.Path)
			if _, users := inventory.ToolOf(project); o.Reference.Host == s.Users.Host && rest != "" && !users {
				known[project] = known[project] || o.Repository != fact.Unknown
			}
		}
	}
	var out []ownedPrefix
	for _, project := range slices.Sorted(maps.Keys(known)) {
		kept := s.Users.View.Kept(project)
		if kept != nil && kept.Private && kept.Proved() {
			continue
		}
		read := known[project] && (kept == nil || kept.Proved())
		for _, prefix := range within(s, project) {
			out = append(out, harborPrefix(s, prefix, kept, read))
		}
	}
	return out
}

// within gives the prefixes that belong to the catalog in a project: all of it,
// or what operators narrow it to.
func within(s *snapshot.Snapshot, project string) []string {
	whole := project + "/"
	if s.Owned == nil || s.Owned.Prefixes[s.Users.Host] == nil {
		return []string{whole}
	}
	var out []string
	for _, prefix := range s.Owned.Prefixes[s.Users.Host] {
		switch {
		case strings.HasPrefix(whole, prefix):
			return []string{whole}
		case strings.HasPrefix(prefix, whole):
			out = append(out, prefix)
		}
	}
	return out
}

func harborPrefix(s *snapshot.Snapshot, prefix string, kept *inventory.Tool, read bool) ownedPrefix {
	p := ownedPrefix{Prefix: Prefix{Host: s.Users.Host, Prefix: prefix, Status: Known}}
	switch {
	case !read:
		p.Status, p.warning = Unasked, s.Users.Host+" cannot be asked now"+unsaid(Unasked, prefix)
		return p
	case s.Users.Stale || kept != nil && kept.Stale:
		p.Status, p.warning = Stale, s.Users.Host+" cannot be asked now"+unsaid(Stale, prefix)
	}
	if kept == nil {
		return p
	}
	var paths []string
	for _, r := range kept.Repositories {
		if len(r.Images) > 0 { // charts and the like are no images
			paths = append(paths, kept.Project+"/"+r.Name)
		}
	}
	p.fill(paths)
	return p
}
