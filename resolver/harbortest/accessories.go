package harbortest

import "net/http"

// The types of accessories, and cosign's icon; others have none.
const (
	accessorySubject = "subject.accessory"
	accessoryCosign  = "signature.cosign"
	cosignIcon       = "sha256:20401d5b3a0f6dbc607c8d732eb08471af4ae6b19811a4efce8c6a724aed2882"
)

// accessories writes those of an artifact, oldest first; null if there are none.
func (j *jsonBuf) accessories(a located) {
	list := a.in.accessories(a.artifact)
	if len(list) == 0 {
		j.null()
		return
	}
	j.open('[')
	for _, each := range list {
		j.accessory(a, each)
	}
	j.close(']')
}

func (j *jsonBuf) accessory(subject located, a *artifact) {
	icon := ""
	if a.rare.accessory == accessoryCosign {
		icon = cosignIcon
	}
	j.open('{').key("artifact_id").int(a.id).key("creation_time").time(a.pushed).key("digest").digest(a.digest)
	j.key("icon").str(icon).key("id").int(a.rare.accessoryID).key("size").int(a.size)
	j.key("subject_artifact_digest").digest(subject.digest).key("subject_artifact_id").int(subject.id)
	j.key("subject_artifact_repo").str(subject.in.name).key("type").str(a.rare.accessory).close('}')
}

// listAccessories is GET …/artifacts/{a}/accessories.
func (h *Harbor) listAccessories(w http.ResponseWriter, c *call) {
	p, problem := h.pageOf(c.URL.Query())
	if problem != nil {
		problem.write(w)
		return
	}
	var b jsonBuf
	var total int64
	h.mu.RLock()
	a, problem := h.artifactOf(c, "accessory:list")
	if problem == nil {
		list := a.in.accessories(a.artifact)
		total = int64(len(list))
		from, to := p.window(total)
		b.open('[')
		for _, each := range list[from:to] {
			b.accessory(a, each)
		}
		b.close(']')
	}
	h.mu.RUnlock()
	if problem != nil {
		problem.write(w)
		return
	}
	writeList(w, c.Request, p, b.b, total)
}
