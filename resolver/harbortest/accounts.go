package harbortest

import (
	"crypto/subtle"
	"net/http"
	"strings"
	"sync"
)

// Permission is what a robot may do in a project.
type Permission struct {
	// Project is its name, "*" for all projects, or "/" for the system itself.
	Project string
	// Actions are "resource:action", for example "repository:pull".
	Actions []string
}

// ReaderPermissions are what a catalog needs in all projects, private ones
// included: the rights of the recorded robot.
func ReaderPermissions() []Permission {
	return []Permission{{Project: "*", Actions: []string{
		"repository:pull", "repository:list", "repository:read", "artifact:list", "artifact:read", "tag:list", "project:read",
	}}}
}

// PullOnlyPermissions are those of a robot that may pull in all projects and
// nothing else.
func PullOnlyPermissions() []Permission {
	return []Permission{{Project: "*", Actions: []string{"repository:pull"}}}
}

// CatalogPermission lets a system robot read /v2/_catalog.
func CatalogPermission() Permission {
	return Permission{Project: "/", Actions: []string{"catalog:read"}}
}

// account is a user or a robot.
type account struct {
	name, secret string
	admin, robot bool
	permissions  []Permission
	// projects are those that a user is a member of.
	projects map[string]struct{}
}

// viewer is who a request comes from. A nil account is anonymous, which is also
// what wrong credentials count as.
type viewer struct {
	account *account
	// token is set if the request carried one of our bearer tokens.
	token *claims
	// presented says that there was an Authorization header, good or bad.
	presented bool
}

// name is empty for anonymous.
func (v viewer) name() string {
	if v.account == nil {
		return ""
	}
	return v.account.name
}

func (v viewer) admin() bool { return v.account != nil && v.account.admin }

type accounts struct {
	mu     sync.RWMutex
	byName map[string]*account
}

func (a *accounts) init(adminPassword string) {
	a.byName = map[string]*account{"admin": {name: "admin", secret: adminPassword, admin: true}}
}

func (a *accounts) set(acc *account) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.byName[acc.name] = acc
}

func (a *accounts) get(name string) *account {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return a.byName[name]
}

// AddUser adds a user, or replaces it. A member of a project sees it when it is
// private and may push to it; memberships are not part of the recordings.
func (h *Harbor) AddUser(name, password string, memberOf ...string) {
	projects := make(map[string]struct{}, len(memberOf))
	for _, p := range memberOf {
		projects[p] = struct{}{}
	}
	h.accounts.set(&account{name: name, secret: password, projects: projects})
}

// AddRobot adds a system robot, or replaces it, and gives its full name,
// "robot$" and the name. The secret is the caller's to choose.
func (h *Harbor) AddRobot(name, secret string, permissions ...Permission) string {
	full := name
	if !strings.HasPrefix(name, "robot$") {
		full = "robot$" + name
	}
	h.accounts.set(&account{name: full, secret: secret, robot: true, permissions: permissions})
	return full
}

// Revoke removes a user or robot by its full name. Its calls are answered as
// anonymous from then on.
func (h *Harbor) Revoke(name string) {
	h.accounts.mu.Lock()
	defer h.accounts.mu.Unlock()
	delete(h.accounts.byName, name)
}

// viewer finds out who asks. The API takes Basic only; a bearer token means
// something under /v2 alone.
func (h *Harbor) viewer(r *http.Request) viewer {
	header := r.Header.Get("Authorization")
	v := viewer{presented: header != ""}
	if token, ok := cutBearer(header); ok {
		if isDistribution(r.URL.Path) {
			v.token = h.signer.read(token, h.opts.Now())
			if v.token != nil {
				v.account = h.accounts.get(v.token.Subject)
			}
		}
		return v
	}
	if name, secret, ok := r.BasicAuth(); ok {
		if acc := h.accounts.get(name); acc != nil && subtle.ConstantTimeCompare([]byte(acc.secret), []byte(secret)) == 1 {
			v.account = acc
		}
	}
	return v
}

func cutBearer(header string) (string, bool) {
	const scheme = "bearer "
	if len(header) < len(scheme) || !strings.EqualFold(header[:len(scheme)], scheme) {
		return "", false
	}
	return header[len(scheme):], true
}
