package main

import (
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbor"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/registry"
)

// usersOf makes the source of user-built images: the one host whose kind is
// harbor. Without one the platform has no such images, and the result is nil.
// proofEvery is how old the proof of what is private may be; 0 is the default.
func usersOf(hosts *endpoint.Directory, configs map[string]endpoint.Config, proofEvery time.Duration, log *slog.Logger) (*inventory.Inventory, *harborWatch, error) {
	var harbors []string
	for _, name := range slices.Sorted(maps.Keys(configs)) {
		if configs[name].Kind == endpoint.Harbor {
			harbors = append(harbors, name)
		}
	}
	switch len(harbors) {
	case 0:
		return nil, nil, nil
	case 1:
		host := hosts.For(harbors[0])
		client := harbor.New(host, harbor.Options{WithSignatures: true, WithVulnerabilities: true})
		watch := newHarborWatch(client, log)
		built := inventory.New(harbors[0], watch, inventory.Options{ProofEvery: proofEvery, Logger: log, Markers: host.Markers()})
		watch.denied = func() int { return built.State().Health.Denied }
		return built, watch, nil
	}
	return nil, nil, fault.New(fault.Usage, "", registriesKey, "%s are all of kind harbor", strings.Join(harbors, " and ")).
		WithHint("images that tools built come from one Harbor; make the others kind oci")
}

// hasUsers tells whether the platform has user-built images.
func hasUsers(status resolver.Status) bool {
	return slices.ContainsFunc(status.Sources, func(s resolver.SourceStatus) bool { return s.Kind == resolver.KindUsers })
}

// liveOf gives the source of live facts of each host: the inventory for its own,
// the OCI distribution API for the rest.
func (f *sourceFlags) liveOf(hosts *endpoint.Directory, users *inventory.Inventory) resolver.LiveFunc {
	return func(host string) resolver.Live {
		at := hosts.For(host)
		source := registry.New(at, registry.Options{Timeout: f.roundLimit, Markers: at.Markers()})
		if users != nil && users.Host() == host {
			return users.Live(source)
		}
		return source
	}
}
