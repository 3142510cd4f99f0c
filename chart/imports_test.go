package chart_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/"

// An arrow is what a set of packages must never reach, through any other.
type arrow struct {
	name      string
	patterns  []string // of go list, from the root of the module
	except    string   // a package that is no root although a pattern finds it, and what is below it
	required  bool     // the packages have to be there
	direct    bool     // only what they import themselves
	forbidden []string // import paths; one that ends in "/" stands for what is below
}

// engine is what a serving process must not link: templates are code, and a
// chart comes from somebody else.
var engine = []string{
	"helm.sh/helm/v3/pkg/engine", "helm.sh/helm/v3/pkg/action", "helm.sh/helm/v3/pkg/chart/loader",
	"k8s.io/client-go/", module + "chart/render", module + "chart/pack", module + "resolver/kubernetes/",
}

var arrows = []arrow{
	{
		name:     "the catalog never asks the network, and knows nobody who does",
		patterns: []string{"./chart/..."}, required: true, direct: true,
		forbidden: []string{"net", "net/http", "net/http/", "net/rpc", "crypto/tls", module + "resolver/", module + "server/", module + "cmd/"},
	},
	{
		name:      "loading a catalog links neither Helm nor Kubernetes nor the network",
		patterns:  []string{"./chart", "./chart/archive", "./chart/compare", "./chart/consumers", "./chart/legacy", "./chart/lint", "./chart/nearest", "./chart/reference", "./chart/strictyaml"},
		required:  true,
		forbidden: []string{"net/http", "helm.sh/", "k8s.io/", "os/exec", module + "resolver/", module + "server/", module + "cmd/", module + "chart/render", module + "chart/pack"},
	},
	{
		name:      "packaging and rendering know nothing of registries, servers and commands",
		patterns:  []string{"./chart/pack", "./chart/render"},
		required:  true,
		forbidden: []string{module + "resolver/", module + "server/", module + "cmd/"},
	},
	{
		name:      "the resolver executes no templates and knows no server",
		patterns:  []string{"./resolver/..."},
		except:    "resolver/kubernetes",
		forbidden: append([]string{module + "server/", module + "cmd/"}, engine...),
	},
	{
		name:     "the Kubernetes source executes no templates and knows no server",
		patterns: []string{"./resolver/kubernetes/..."}, required: true,
		forbidden: []string{module + "server/", module + "cmd/", module + "chart/render", module + "chart/pack", "helm.sh/"},
	},
	{
		name:      "the server executes no templates and knows no command",
		patterns:  []string{"./server/..."},
		forbidden: append([]string{module + "cmd/"}, engine...),
	},
}

func TestImportsRunOneWay(t *testing.T) {
	for _, a := range arrows {
		t.Run(a.name, func(t *testing.T) {
			roots := slices.DeleteFunc(goList(t, append([]string{"-e", "-f", "{{if not .Error}}{{.ImportPath}}{{end}}"}, a.patterns...)...), a.excepts)
			if len(roots) == 0 && !a.required {
				t.Fatal("there are no such packages")
			}
			require.GreaterOrEqual(t, len(roots), len(a.patterns), "packages of %v", a.patterns)
			for _, imported := range a.imports(t, roots) {
				for _, path := range a.forbidden {
					below := strings.HasSuffix(path, "/") && strings.HasPrefix(imported+"/", path)
					require.False(t, imported == path || below, "%v reach %s", a.patterns, imported)
				}
			}
		})
	}
}

func (a arrow) excepts(root string) bool {
	return a.except != "" && strings.HasPrefix(root+"/", module+a.except+"/")
}

func (a arrow) imports(t *testing.T, roots []string) []string {
	if a.direct {
		return goList(t, append([]string{"-e", "-f", `{{join .Imports "\n"}}`}, roots...)...)
	}
	return goList(t, append([]string{"-e", "-deps", "-f", "{{.ImportPath}}"}, roots...)...)
}

// goList runs `go list` in the root of the module and gives its lines. Imports
// of tests are not among them.
func goList(t *testing.T, args ...string) []string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", append([]string{"list"}, args...)...)
	command.Dir = ".."
	var stdout, stderr strings.Builder
	command.Stdout, command.Stderr = &stdout, &stderr
	require.NoError(t, command.Run(), "go list %v: %s", args, &stderr)
	return strings.Fields(stdout.String())
}
