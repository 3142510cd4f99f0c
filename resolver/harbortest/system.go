package harbortest

import (
	"net/http"
)

func (h *Harbor) ping(w http.ResponseWriter, _ *call) {
	w.Header().Set("Content-Type", "text/plain")
	_, _ = w.Write([]byte("Pong"))
}

// health reports the parts. The recorded Harbor had no portal, and neither has
// this one.
func (h *Harbor) health(w http.ResponseWriter, _ *call) {
	var b jsonBuf
	b.open('{').key("components").open('[')
	for _, name := range []string{"core", "database", "jobservice", "portal", "redis", "registry", "registryctl"} {
		healthy := h.healthy(name)
		b.open('{')
		if !healthy {
			b.key("error").str("failed to check health: connection refused")
		}
		b.key("name").str(name).key("status").str(healthWord(healthy)).close('}')
	}
	b.close(']').key("status").str(healthWord(false)).close('}')
	writeJSON(w, jsonType, b.b)
}

func (h *Harbor) healthy(part string) bool {
	switch part {
	case "portal":
		return false
	case "database":
		return !h.databaseDown.Load()
	case "registry":
		return !h.registryDown.Load()
	}
	return true
}

func healthWord(healthy bool) string {
	if healthy {
		return "healthy"
	}
	return "unhealthy"
}

// systemInfo tells the version, and most else, only to those who are logged in.
func (h *Harbor) systemInfo(w http.ResponseWriter, c *call) {
	var b jsonBuf
	b.open('{').key("auth_mode").str("db_auth").key("banner_message").str("")
	if c.who.account != nil {
		b.key("current_time").time(h.stamp()).key("external_url").str(scheme(c.Request) + "://" + c.Host)
		b.key("harbor_version").str(h.opts.Version).key("has_ca_root").bool(false).key("notification_enable").bool(true)
	}
	b.key("oidc_provider_name").str("").key("primary_auth_mode").bool(false)
	if c.who.account != nil {
		b.key("project_creation_restriction").str("everyone").key("read_only").bool(false)
		b.key("registry_storage_provider_name").str("filesystem").key("registry_url").str(c.Host)
	}
	b.key("self_registration").bool(false).close('}')
	writeJSON(w, jsonType, b.b)
}

// scheme is how the caller reached us.
func scheme(r *http.Request) string {
	if r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https" {
		return "https"
	}
	return "http"
}

// statistics is for the logged in; what it says is not part of the recordings.
func (h *Harbor) statistics(w http.ResponseWriter, c *call) {
	if c.who.account == nil {
		c.who.denied().write(w)
		return
	}
	writeJSON(w, jsonType, []byte("{}"))
}

// users is the administrator's. The message of the 403 is, oddly, who asked.
func (h *Harbor) users(w http.ResponseWriter, c *call) {
	switch {
	case c.who.admin():
		writeJSON(w, jsonType, []byte("[]"))
	case c.who.account == nil:
		c.who.denied().write(w)
	default:
		e := c.who.denied()
		e.message = c.who.name()
		e.write(w)
	}
}

// currentUser tells users from robots and both from wrong credentials, which is
// what makes it a proof of who one is.
func (h *Harbor) currentUser(w http.ResponseWriter, c *call) {
	switch {
	case c.who.account == nil:
		c.who.denied().write(w)
	case c.who.account.robot:
		e := apiError{status: http.StatusPreconditionFailed, code: "PRECONDITION"}
		e.message = "get current user not available for security context: robot"
		e.write(w)
	default:
		var b jsonBuf
		b.open('{').key("admin_role_in_auth").bool(false).key("sysadmin_flag").bool(c.who.account.admin)
		b.key("username").str(c.who.name()).close('}')
		writeJSON(w, jsonType, b.b)
	}
}
