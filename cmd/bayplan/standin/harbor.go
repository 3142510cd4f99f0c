package standin

import (
	"context"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
)

// The account that asks the Harbor. It is for this process alone.
const (
	robotName   = "bayplan"
	robotSecret = "for-this-process-only"
)

// startHarbor serves the stand-in for Harbor, with an account that may read all
// of it.
func (p *Platform) startHarbor(ctx context.Context) error {
	account := p.Harbor.AddRobot(robotName, robotSecret, harbortest.ReaderPermissions()...)
	address, err := p.Listen(ctx, p.plan.Front(p.plan.HarborHost, p.Harbor))
	if err != nil {
		return err
	}
	p.Registries[p.plan.HarborHost] = endpoint.Config{URL: "http://" + address, Kind: endpoint.Harbor}
	p.Credentials = func(_ context.Context, asked string) (endpoint.Credential, error) {
		if asked != address {
			return endpoint.Credential{}, nil
		}
		return endpoint.Credential{Username: account, Password: robotSecret}, nil
	}
	return nil
}
