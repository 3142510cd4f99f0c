package harbortest

import (
	"net/http"
	"slices"
	"strconv"
)

// webhookEvents is GET /projects/{p}/webhook/events: what a policy can ask for.
func (h *Harbor) webhookEvents(w http.ResponseWriter, c *call) {
	h.mu.RLock()
	_, problem := h.project(c, "notification-policy:read")
	h.mu.RUnlock()
	var b jsonBuf
	b.open('{').key("event_type").names([]string{
		EventPush, EventPull, EventDelete, "QUOTA_EXCEED", "QUOTA_WARNING", "SCANNING_FAILED", "SCANNING_STOPPED",
		"SCANNING_COMPLETED", "REPLICATION", "TAG_RETENTION",
	})
	b.key("notify_type").names([]string{"http", "slack"})
	b.key("payload_formats").open('[').open('{').key("formats").names([]string{FormatDefault, FormatCloudEvents})
	b.key("notify_type").str("http").close('}').close(']').close('}')
	finish(w, b, problem)
}

// webhookPolicies is GET /projects/{p}/webhook/policies, newest first.
func (h *Harbor) webhookPolicies(w http.ResponseWriter, c *call) {
	h.mu.RLock()
	p, problem := h.project(c, "notification-policy:list")
	h.mu.RUnlock()
	if problem != nil {
		problem.write(w)
		return
	}
	list := h.hooks.in(p.name)
	var b jsonBuf
	b.open('[')
	for _, each := range slices.Backward(list) {
		b.policy(each)
	}
	w.Header().Set("X-Total-Count", strconv.Itoa(len(list)))
	writeJSON(w, jsonType, b.close(']').b)
}

func (j *jsonBuf) policy(p policy) {
	j.open('{').key("creation_time").time(p.created).key("enabled").bool(!p.Disabled).key("event_types").names(p.Events)
	j.key("id").int(p.id).key("name").str(p.Name).key("project_id").int(p.projectID)
	j.key("targets").open('[').open('{').key("address").str(p.Address).key("auth_header").str(p.AuthHeader)
	j.key("payload_format").str(p.Format).key("type").str("http").close('}').close(']')
	j.key("update_time").time(p.created).close('}')
}
