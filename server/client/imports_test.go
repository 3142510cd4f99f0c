package client

import (
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What the package comment promises to consumers: no other module comes along.
func TestImportsLittle(t *testing.T) {
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	own := 0
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		require.NoError(t, err)
		for _, spec := range file.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			require.NoError(t, err)
			if strings.HasSuffix(path, "/bayplan/server/api") {
				own++
				continue
			}
			require.NotContains(t, strings.Split(path, "/")[0], ".", "%s imports %s", name, path)
		}
	}
	require.NotZero(t, own)
}
