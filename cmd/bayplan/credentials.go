package main

import (
	"os"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/rotated"
)

// credentials finds Docker's, and counts how often they were replaced. Where there is
// no place for them (a service whose user has no home, and no DOCKER_CONFIG) there are
// none.
func credentials(files *rotated.Files) (endpoint.CredentialFunc, func() uint64, error) {
	if _, err := os.UserHomeDir(); err != nil && os.Getenv("DOCKER_CONFIG") == "" {
		return nil, nil, nil
	}
	return endpoint.DockerCredentials(files)
}
