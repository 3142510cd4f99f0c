package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/cmd/bayplan/demo"
)

// welcome says what the demo is and what to try. Each line of it works as it
// stands.
func welcome(address string, running *demo.Demo) string {
	const host = "docker-registry.tools.wmflabs.org"
	return fmt.Sprintf(`Bayplan is serving a sample of Toolforge's catalog at %[1]s

Open that address in a browser: what replaces node12? What has tool a--b to build again (%[1]s/tools/a--b)?

Its registries run in this process; %[2]s were left out of them.
Try, in another terminal:

  curl -s '%[1]s/v1/images?fields=short_name,state,exists&limit=5'
  curl -s '%[1]s/v1/images?exists=false&fields=short_name,image'
  curl -s %[1]s/v1/images/tf-node12
  curl -s %[1]s/v1/images/pyton3.11
  curl -s %[1]s/v1/image-config
  curl -s %[1]s/v1/catalog
  curl -s %[1]s/v1/drift
  curl -s %[1]s/v1/catalog/versions
  curl -s '%[1]s/v1/catalog/diff?from=0.0.0-sample.0'
  curl -s -H 'X-Toolforge-Tool: alpha' '%[1]s/v1/tool/alpha/images?type=buildservice'
  %[5]s list --server %[1]s --state deprecated
  %[5]s resolve --server %[1]s toolforge-python39-sssd-base
  %[5]s list --server %[1]s --tool alpha
  %[5]s drift --server %[1]s

Owners say something of their images with tags, and some images stand on a stack that is on its way out:

  curl -s %[1]s/v1/images/tool-alpha/crawler
  %[5]s list --server %[1]s --stack-state deprecated

Leave this running in a third terminal; it tells what changes, when it does:

  curl -N %[1]s/v1/events

Take an image away, and see "exists" turn false two seconds later:

  curl -X DELETE %[3]s/v2/toolforge-node18-sssd-base/manifests/latest
  curl -s '%[1]s/v1/images/node18?fields=exists,image'

Harbor is there too, with images that tools built. Give one of them another tag, and find it in
the tool's list at once (without "no-cache" two seconds later):

  curl -s -u %[9]s:%[10]s -H 'Content-Type: application/json' -d '{"name": "again"}' %[8]s/api/v2.0/projects/tool-alpha/repositories/alpha/artifacts/latest/tags
  curl -s -H 'Cache-Control: no-cache' -H 'X-Toolforge-Tool: alpha' '%[1]s/v1/tool/alpha/images?name=tool-alpha/alpha:again'

The catalog is a Helm chart:

  helm pull --plain-http oci://%[4]s/%[6]s --version %[7]s

Stop it with Ctrl-C.
`, address, strings.Join(running.Missing, " and "), running.Address(host), running.Catalog.Host, program(),
		running.Catalog.Path, running.Catalog.Version, running.HarborURL(), demo.PusherName, demo.PusherSecret)
}

// program is how this binary was called, as far as that can be told.
func program() string {
	if executable, err := os.Executable(); err == nil && strings.Contains(executable, string(filepath.Separator)+"go-build") {
		return "go run ./cmd/bayplan"
	}
	return os.Args[0]
}
