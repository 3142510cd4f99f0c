// Package gen is what oapi-codegen makes of the document.
package gen

//go:generate sh -c "cd ../.. && go run github.com/deepmap/oapi-codegen/v2/cmd/oapi-codegen@v2.1.0 -config internal/gen/config.yaml -o internal/gen/api.gen.go openapi/images.yaml"
