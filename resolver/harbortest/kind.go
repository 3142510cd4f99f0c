package harbortest

// Kind says what a request asks for, for counting and for faults.
type Kind string

// The kinds of requests to the API.
const (
	KindPing       Kind = "ping"
	KindHealth     Kind = "health"
	KindSystemInfo Kind = "systeminfo"
	// KindUser is GET /users/current.
	KindUser          Kind = "user"
	KindSearch        Kind = "search"
	KindProjects      Kind = "projects"
	KindProject       Kind = "project"
	KindProjectExists Kind = "project-exists"
	// KindRepositories is GET /repositories: those of all projects.
	KindRepositories        Kind = "repositories"
	KindProjectRepositories Kind = "project-repositories"
	KindRepository          Kind = "repository"
	// KindArtifacts are the artifacts of one repository.
	KindArtifacts Kind = "artifacts"
	// KindProjectArtifacts is GET /projects/{p}/artifacts.
	KindProjectArtifacts Kind = "project-artifacts"
	KindArtifact         Kind = "artifact"
	KindTags             Kind = "tags"
	KindAccessories      Kind = "accessories"
	// KindWrite is anything that changes something through the API.
	KindWrite Kind = "write"
	// KindOther is everything without a kind of its own.
	KindOther Kind = "other"
)

// The kinds of requests to the token service and under /v2.
const (
	KindToken Kind = "token"
	// KindVersion is GET /v2/.
	KindVersion Kind = "v2"
	// KindManifestGet is a pull, unless it is answered 304 or 404.
	KindManifestGet  Kind = "manifest-get"
	KindManifestHead Kind = "manifest-head"
	// KindBlob is reading a blob.
	KindBlob      Kind = "blob"
	KindTagList   Kind = "tag-list"
	KindReferrers Kind = "referrers"
	KindCatalog   Kind = "catalog"
	// KindPush is anything that writes under /v2.
	KindPush Kind = "push"
)
