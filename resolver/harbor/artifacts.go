package harbor

import (
	"context"
	"net/url"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// RepositoryArtifacts lists what one repository holds, all pages; name is full,
// project included.
//
// A repository that is not there, in a project that is, is an empty list without
// an error: the truth while the identity is proved. fault.NotFound: the project
// is not there, or not for us to see, which Harbor does not let one tell apart.
// To whoever knows from a list that it is there, it means that rights were lost
// or that it turned private just now.
func (c *Client) RepositoryArtifacts(ctx context.Context, name string) ([]Artifact, error) {
	q := question{op: "list the artifacts of a repository of Harbor"}
	var err error
	if q.project, q.path, err = repositoryArtifactsPath(name); err != nil {
		return nil, err
	}
	return c.artifacts(ctx, q, func(a *Artifact) bool {
		if a.Repository == "" { // Harbor before 2.10 does not tell
			a.Repository = name
		}
		return a.Repository == name
	})
}

// ProjectArtifacts lists what all repositories of a project hold, all pages, in
// one request for up to 100 artifacts.
//
// fault.Unsupported: not to be had, because Harbor is older than 2.12, or because
// we are anonymous and Harbor would refuse it even for public projects (recording
// project-artifacts.anonymous); list the repositories then, and ask
// [Client.RepositoryArtifacts] for each. fault.NotFound: as there.
func (c *Client) ProjectArtifacts(ctx context.Context, project string) ([]Artifact, error) {
	q := question{op: "list the artifacts of a project of Harbor", project: project, newer: true}
	path, err := projectPath(project)
	if err != nil {
		return nil, err
	}
	called, cancel := c.call(ctx)
	defer cancel()
	s, err := c.trusted(called)
	if err == nil && s.anonymous() {
		err = fault.New(fault.Unsupported, "", "", "Harbor answers the question only to those who sign in")
	}
	if err != nil {
		return nil, q.failed(c.ep.Host(), err)
	}
	q.path = path + "/artifacts"
	prefix := project + "/"
	return c.artifacts(ctx, q, func(a *Artifact) bool {
		rest, ok := strings.CutPrefix(a.Repository, prefix)
		return ok && validPath(rest)
	})
}

// artifacts asks a question about artifacts. An answer with one that is not
// ours is no answer to the question.
func (c *Client) artifacts(ctx context.Context, q question, ours func(*Artifact) bool) ([]Artifact, error) {
	q.query = c.artifactQuery
	return all(ctx, c, list[Artifact]{question: q, read: func(r *reader, a *Artifact) bool {
		readArtifact(r, a)
		if r.err == nil && !ours(a) {
			r.wrong("an artifact is of another repository than was asked for")
		}
		return true
	}}, (*Artifact).key)
}

// artifactQuery says which facts are wanted. tags=* leaves out the untagged
// ones, which every rebuild leaves behind (recording artifacts.q.tags-any; the
// total then counts what is left).
func (o Options) artifactQuery() string {
	query := url.Values{"with_tag": {"true"}}
	if !o.Untagged {
		query.Set("q", "tags=*")
	}
	for flag, on := range map[string]bool{
		"with_label":         o.WithLabels,
		"with_accessory":     o.WithSignatures,
		"with_scan_overview": o.WithVulnerabilities,
	} {
		if on {
			query.Set(flag, "true")
		}
	}
	return query.Encode()
}
