package endpoint

// Docker Hub is the one registry whose name in references is not where it
// answers, whose tokens come from another host by default, and whose official
// images are written without their namespace.
//
// Sources: distribution/reference ("docker.io", "library/"), and Docker's
// registry authentication document (auth.docker.io).
const (
	hubAddress = "https://registry-1.docker.io"
	hubAuth    = "auth.docker.io"
	hubLibrary = "library/"
)

// withHub completes the configuration of Docker Hub and tells whether host is
// it. A mirror of the Hub keeps the rule for short names.
func withHub(host string, cfg Config) (Config, bool) {
	switch host {
	case "docker.io", "index.docker.io", "registry-1.docker.io":
	default:
		return cfg, false
	}
	if cfg.URL == "" && !cfg.PlainHTTP {
		cfg.URL = hubAddress
		cfg.AuthHosts = append([]string{hubAuth}, cfg.AuthHosts...)
	}
	return cfg, true
}
