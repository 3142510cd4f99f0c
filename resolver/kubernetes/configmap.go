package kubernetes

import (
	"context"
	"errors"
	"sync"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/legacy"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// ConfigMap is a resolver.Origin: the legacy document that a cluster's consumers
// read.
type ConfigMap struct {
	reference Reference
	cluster   *cluster

	mu   sync.Mutex
	seen sighting
}

// sighting is the last good answer.
type sighting struct {
	resourceVersion string
	identity        string // of the catalog that it held
}

// Follow makes an origin of a ConfigMap. It asks nobody yet. Errors, about the
// configuration, are of kind fault.Usage.
func Follow(ref Reference, opts Options) (*ConfigMap, error) {
	cluster, err := connect(opts)
	if err != nil {
		return nil, err
	}
	return &ConfigMap{reference: ref, cluster: cluster}, nil
}

// Name is configmap://namespace/name.
func (c *ConfigMap) Name() string { return c.reference.String() }

// Fetch asks for the object once, or a second time if the server has lost the
// version that was seen before. Errors are of package fault: NotFound if there
// is no such ConfigMap, Denied, RateLimited or Unreachable if it could not be
// asked, TooLarge, or Invalid if it does not have the key.
func (c *ConfigMap) Fetch(ctx context.Context, last string) (*resolver.Offer, error) {
	offer, err := c.fetch(ctx, last)
	return offer, c.about(err)
}

func (c *ConfigMap) fetch(ctx context.Context, last string) (*resolver.Offer, error) {
	c.mu.Lock()
	seen := c.seen
	c.mu.Unlock()
	found, err := c.cluster.get(ctx, c.reference, seen.resourceVersion)
	if errors.Is(err, errVersion) && seen.resourceVersion != "" {
		found, err = c.cluster.get(ctx, c.reference, "")
	}
	if err != nil {
		return nil, err
	}
	if version := found.Metadata.ResourceVersion; version != "" && version == seen.resourceVersion && seen.identity == last {
		return nil, nil
	}
	text, ok := found.Data[chart.LegacyKey]
	if !ok {
		return nil, fault.New(fault.Invalid, "", "", "it has no key %s", chart.LegacyKey)
	}
	label := found.Metadata.Labels[legacy.ChartLabel]
	source := chart.FromLegacy([]byte(text), chart.Legacy{
		Kind: string(resolver.OriginConfigMap), Path: c.Name(), Version: legacy.Version(label),
	})
	now := sighting{resourceVersion: found.Metadata.ResourceVersion, identity: source.Digest()}
	c.mu.Lock()
	c.seen = now
	c.mu.Unlock()
	if now.identity == last {
		return nil, nil
	}
	return &resolver.Offer{
		Identity: now.identity, Kind: resolver.OriginConfigMap, Source: source,
		Version: legacy.Version(label), Reference: c.Name(),
	}, nil
}

// about says what was being read.
func (c *ConfigMap) about(err error) error {
	if err == nil {
		return nil
	}
	f, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return fault.Wrap(fault.Unreachable, "read catalog", c.Name(), err)
	}
	full := *f
	full.Op, full.Side = "read catalog", c.Name()
	return &full
}
