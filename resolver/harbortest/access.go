package harbortest

import "slices"

// publicActions are open to everybody in a public project. Reading *one*
// repository is not among them, although listing all of them is.
var publicActions = []string{
	"project:read", "repository:list", "repository:pull", "artifact:list", "artifact:read",
	"artifact-addition:read", "accessory:list", "tag:list",
}

// can tells whether v may do action ("resource:action") in p.
func (v viewer) can(p *project, action string) bool {
	switch {
	case v.admin():
		return true
	case p.public && slices.Contains(publicActions, action):
		return true
	case v.account == nil:
		return false
	case v.account.robot:
		return v.granted(p.name, action)
	}
	_, member := v.account.projects[p.name]
	return member
}

// granted tells whether a robot's permissions hold action.
func (v viewer) granted(projectName, action string) bool {
	return slices.ContainsFunc(v.account.permissions, func(perm Permission) bool {
		return perm.covers(projectName) && slices.Contains(perm.Actions, action)
	})
}

func (p Permission) covers(projectName string) bool {
	return p.Project == projectName || p.Project == "*" && projectName != "/"
}

// system tells whether v may do action on Harbor as a whole.
func (v viewer) system(action string) bool {
	return v.admin() || v.account != nil && v.account.robot && v.granted("/", action)
}

// sees tells whether p and its repositories are in lists for v. For a robot it is
// enough that p is among its projects, whatever it may do there.
func (v viewer) sees(p *project) bool {
	switch {
	case p.public || v.admin():
		return true
	case v.account == nil:
		return false
	case v.account.robot:
		return slices.ContainsFunc(v.account.permissions, func(perm Permission) bool { return perm.covers(p.name) })
	}
	_, member := v.account.projects[p.name]
	return member
}

// project finds a project by name or number and checks that v may do action in
// it. A project that does not exist and one that is private cannot be told
// apart, but by the administrator. The caller holds mu.
func (h *Harbor) project(c *call, action string) (*project, *apiError) {
	p := h.state.lookup(c.vars[0], c.Header.Get("X-Is-Resource-Name") == "true")
	switch {
	case p == nil && c.who.admin():
		return nil, notFound("project %s not found", c.vars[0])
	case p == nil || !c.who.can(p, action):
		return nil, c.who.denied()
	}
	return p, nil
}
