package harbortest

import (
	"net/url"
	"slices"
)

// artifact writes a row. What was not asked for is null, and so is an empty list.
func (j *jsonBuf) artifact(a located, view artifactView) {
	c := a.content
	j.open('{').key("accessories")
	if view.accessories {
		j.accessories(a)
	} else {
		j.null()
	}
	j.additions(a)
	if c.annotations != "" {
		j.key("annotations").raw(c.annotations)
	}
	if c.artifactType != "" {
		j.key("artifact_type").str(c.artifactType)
	}
	j.key("digest").digest(a.digest)
	if c.extraAttrs != "" {
		j.key("extra_attrs").raw(c.extraAttrs)
	}
	j.key("icon").str(c.icon).key("id").int(a.id).key("labels")
	if view.labels && a.rare != nil && len(a.rare.labels) > 0 {
		j.labels(a.rare.labels)
	} else {
		j.null()
	}
	j.key("manifest_media_type").str(c.manifestMediaType).key("media_type").str(c.mediaType)
	j.key("project_id").int(a.in.project.id).key("pull_time").time(a.pulled).key("push_time").time(a.pushed)
	j.key("references")
	j.references(a.artifact)
	j.key("repository_id").int(a.in.id).key("repository_name").str(a.in.name)
	if view.scan && a.rare != nil && a.rare.scan != nil {
		j.key("scan_overview")
		j.scan(*a.rare.scan)
	}
	j.key("size").int(a.size).key("tags")
	if view.tags && len(a.tags) > 0 {
		j.tags(a, slices.Backward(a.tags))
	} else {
		j.null()
	}
	j.key("type").str(c.kind).close('}')
}

// additions writes the links to what else Harbor knows. A slash in the name of
// the repository is escaped twice in them.
func (j *jsonBuf) additions(a located) {
	if len(a.content.additions) == 0 {
		return
	}
	base := apiPrefix + "projects/" + a.in.project.name + "/repositories/" +
		url.PathEscape(url.PathEscape(a.in.path())) + "/artifacts/" + a.digest.String() + "/additions/"
	j.key("addition_links").open('{')
	for _, name := range a.content.additions {
		j.key(name).open('{').key("absolute").bool(false).key("href").str(base + name).close('}')
	}
	j.close('}')
}

// references writes the children of an index.
func (j *jsonBuf) references(a *artifact) {
	if a.rare == nil || len(a.rare.references) == 0 {
		j.null()
		return
	}
	j.open('[')
	for _, r := range a.rare.references {
		j.open('{').key("child_digest").digest(r.child).key("child_id").int(r.childID).key("parent_id").int(a.id)
		j.key("platform").open('{').key("OsFeatures").null()
		j.key("architecture").str(r.architecture).key("os").str(r.os).close('}')
		j.key("urls").null().close('}')
	}
	j.close(']')
}
