package main

import (
	"os"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
)

// credentials finds Docker's. Where there is no place for them (a service whose
// user has no home, and no DOCKER_CONFIG) there are none.
func credentials() (endpoint.CredentialFunc, error) {
	if _, err := os.UserHomeDir(); err != nil && os.Getenv("DOCKER_CONFIG") == "" {
		return nil, nil
	}
	return endpoint.DockerCredentials()
}
