package registry

import (
	"strings"

	"github.com/distribution/reference"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// question is one thing to ask, and its place for the answer. Each is asked by
// one goroutine, which alone writes the answer.
type question struct {
	key  fact.Reference // as the caller wrote it; the key of the answer
	ref  fact.Reference // as it is asked; Tag and Digest are empty for a tag list
	repo string         // the repository's name at the host
	list bool

	manifest   fact.Manifest
	repository fact.Repository
	err        error // why it could not be asked
}

// answered tells whether there is an answer, good or bad.
func (q *question) answered() bool {
	return q.err == nil && q.manifest.Status+q.repository.Status != fact.Unknown
}

// String names the question in messages, without the host.
func (q *question) String() string {
	ref := q.ref
	ref.Host = ""
	if q.list {
		return "tags of " + ref.Repository
	}
	return ref.String()
}

// plan is all that one round asks: the manifests of a repository, then its tag
// list, repositories in the order in which they were first named.
type plan struct {
	questions []*question
}

// plan finds the distinct questions. One that cannot be asked of any registry
// has its error from the beginning.
func (s *Source) plan(refs []fact.Reference) plan {
	type repository struct {
		path      string
		questions []*question
	}
	var order []*repository
	byPath := make(map[string]*repository)
	seen := make(map[fact.Reference]bool, len(refs))
	for _, ref := range refs {
		if seen[ref] || !strings.EqualFold(ref.Host, s.Name()) && ref.Host != "" {
			continue
		}
		seen[ref] = true
		repo := byPath[ref.Repository]
		if repo == nil {
			repo = &repository{path: ref.Repository}
			byPath[ref.Repository] = repo
			order = append(order, repo)
		}
		q := &question{key: ref, ref: ref, err: checkReference(ref)}
		if ref.Tag == "" && ref.Digest == "" {
			q.ref.Tag = "latest"
		}
		repo.questions = append(repo.questions, q)
	}
	var p plan
	for _, repo := range order {
		list := &question{
			ref:  fact.Reference{Host: s.Name(), Repository: repo.path},
			list: true,
			err:  checkRepository(repo.path),
		}
		for _, q := range append(repo.questions, list) {
			q.repo = s.ep.Repository(repo.path)
			p.questions = append(p.questions, q)
		}
	}
	return p
}

// checkReference holds to the grammar of the OCI distribution spec: what does
// not fit cannot be put into a URL, and what a registry would answer to it says
// nothing.
func checkReference(ref fact.Reference) error {
	if err := checkRepository(ref.Repository); err != nil {
		return err
	}
	if ref.Tag != "" && !isTag(ref.Tag) {
		return fault.New(fault.Usage, "", "", "the tag is none")
	}
	// go-containerregistry knows no other algorithm, and no registry in use
	// offers one.
	hex, ok := strings.CutPrefix(ref.Digest, "sha256:")
	if ref.Digest != "" && (!ok || len(hex) != 64 || strings.Trim(hex, "0123456789abcdef") != "") {
		return fault.New(fault.Usage, "", "", "the digest is none of sha256")
	}
	return nil
}

// isTag tells whether a name, from a catalog or from a registry, can be a tag.
func isTag(s string) bool { return s != "" && reference.TagRegexp.FindString(s) == s }

func checkRepository(path string) error {
	// With a host before it, so that the path's first part is not taken for one.
	if _, err := reference.WithName("registry.invalid/" + path); err != nil {
		return fault.New(fault.Usage, "", "", "the repository name is none")
	}
	return nil
}
