// Package openapi has the part of builds-api's document that describes images. In
// builds-api it is merged into openapi/openapi.yaml.
//
// It is cut out of Bayplan's own document, and a test holds that it agrees with what
// that says today: `go test ./openapi -update` cuts it anew.
package openapi

import _ "embed"

// Images is the document.
//
//go:embed images.yaml
var Images []byte
