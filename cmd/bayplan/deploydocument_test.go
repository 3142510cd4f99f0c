package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/registrytest"
)

const (
	toolforge  = "../../deploy/toolforge/"
	gatewayURL = "https://api.svc.tools.eqiad1.wikimedia.cloud:30003/bayplan"
	batsFile   = "functional-tests/tools/bayplan/bayplan-smoke-test.bats"
)

func deployDocument(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/deploy.md")
	require.NoError(t, err)
	return string(text)
}

func toolforgeFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(toolforge + path)
	require.NoError(t, err)
	return string(text)
}

// What docs/deploy.md shows of the component is what is in deploy/toolforge.
func TestDeployDocumentShowsTheFiles(t *testing.T) {
	text, shown := deployDocument(t), 0
	require.NoError(t, filepath.WalkDir(toolforge, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Contains(t, text, "\n"+string(content)+"```\n", path)
		shown++
		return nil
	}))
	require.Equal(t, 7, shown)
}

// The helmfile deploys the chart under the name and into the namespace that the
// gateway's lines name, in each environment, from a repository that it knows.
func TestDeployDocumentFitsTogether(t *testing.T) {
	var file struct {
		Environments map[string]any
		Repositories []struct {
			Name, URL string
			OCI       bool
		}
		Releases []struct {
			Name, Chart, Version, Namespace string
			CreateNamespace                 bool
			Values                          []string
		}
	}
	for _, part := range strings.Split(toolforgeFile(t, "components/bayplan/helmfile.yaml"), "\n---\n") {
		require.NoError(t, yaml.UnmarshalStrict([]byte(part), &file))
	}
	require.Len(t, file.Releases, 1)
	release := file.Releases[0]
	require.Equal(t, "{{ .Values.chartRepository }}/bayplan {{ .Values.chartVersion }}", release.Chart+" "+release.Version)
	for name := range environments {
		require.Contains(t, file.Environments, name)
		text, err := os.ReadFile(environment(t, name))
		require.NoError(t, err)
		var values struct {
			ChartVersion, ChartRepository string
			Image                         struct{ Name string }
		}
		require.NoError(t, yaml.Unmarshal(text, &values))
		require.NotEmpty(t, values.ChartVersion)
		index := slices.IndexFunc(file.Repositories, func(r struct {
			Name, URL string
			OCI       bool
		}) bool {
			return r.Name == values.ChartRepository
		})
		require.NotEqual(t, -1, index, name)
		require.Equal(t, file.Repositories[index].URL+"/bayplan", values.Image.Name)
	}
	for _, line := range strings.Fields(toolforgeFile(t, "components/bayplan/tests.txt")) {
		if line != "direct-api" { // toolforge-deploy's own
			require.DirExists(t, toolforge+"functional-tests/tools/"+line)
		}
	}

	var lines struct {
		Backends []struct {
			Name, Path string
			Target     struct {
				Namespace, Service string
				Port               int32
			}
		}
		App struct {
			Maps       map[string]string   `json:"api_maps"`
			Superusers map[string][]string `json:"superusers"`
		}
	}
	require.NoError(t, yaml.UnmarshalStrict([]byte(toolforgeFile(t, "components/api-gateway/values/tools.yaml")), &lines))
	m := rendered(t, registrytest.Tool(t, "helm3"), "--values", environment(t, "tools"))
	target := lines.Backends[0].Target
	require.Equal(t, release.Namespace, target.Namespace)
	require.Equal(t, release.Name, target.Service)
	require.Equal(t, of[*corev1.Service](t, m, "Service/"+target.Service).Spec.Ports[0].Port, target.Port)
	names := of[*wantedCertificate](t, m, "Certificate/bayplan-api-gateway-server").Spec.DNSNames
	require.Equal(t, "https://"+names[1]+":8443", lines.App.Maps[strings.Trim(lines.Backends[0].Path, "/")])
	allowed := regexp.MustCompile(lines.App.Superusers["jobs-api"][0])
	for path, want := range map[string]bool{
		"/bayplan/v1/tool/alpha/images": true, "/bayplan/v1/tool/alpha/images/resolve": true,
		"/bayplan/v1/tool/alpha/events": false, "/bayplan/v1/tool/a/b/images": false, "/x/bayplan/v1/tool/alpha/images": false,
	} {
		require.Equal(t, want, allowed.MatchString(path), path)
	}
}

// onCluster are commands that only a cluster can answer.
var onCluster = regexp.MustCompile(`^(kubectl|helm (test|get|uninstall|upgrade)) `)

// byImageTests are commands that the tests of deploy/image hold.
var byImageTests = regexp.MustCompile(`^(go run \./deploy/image|oras|skopeo|crane) `)

// The commands of docs/deploy.md are run in their order, against what the chart
// makes of the values in it.
func TestDeployDocument(t *testing.T) {
	for _, name := range []string{"curl", "cmp"} {
		registrytest.Tool(t, name)
	}
	helm := registrytest.Tool(t, "helm3")
	text := deployDocument(t)
	session := cookbookSession(t)
	host, ours := session.names[1], newAuthority(t)
	session.names = append(session.names, "tools-harbor.wmcloud.org", host)
	repository, err := filepath.Abs("../..")
	require.NoError(t, err)
	bin := filepath.Join(session.dir, "bin")
	require.NoError(t, errors.Join(os.Mkdir(bin, 0o755), os.Symlink(helm, filepath.Join(bin, "helm")),
		os.Symlink(filepath.Join(repository, "deploy"), filepath.Join(session.dir, "deploy"))))
	session.env = append(session.env, "PATH="+bin+":"+os.Getenv("PATH"), "HELM_REGISTRY_CONFIG="+session.dir+"/.docker/config.json")
	trusted, err := os.ReadFile(session.ca)
	require.NoError(t, err)
	shown := pemFiles(t)
	shown.writeServer(t, ours.issue(t))
	ours.write(t, shown.clientCA)
	added, err := os.ReadFile(shown.clientCA)
	require.NoError(t, err)
	replace(t, session.ca, string(trusted)+string(added))
	for name, from := range map[string]string{"client.crt": shown.cert, "client.key": shown.key} {
		content, err := os.ReadFile(from)
		require.NoError(t, err)
		mounted(t, filepath.Join(session.dir, ".toolskube", name), content)
	}
	deploy := func(values ...string) { session.deploy(helm, ours, host, values...) }
	deploy()
	bats := 0
	said, clusters := map[string]string{}, 0
	for _, command := range fenced(text, "console") {
		switch {
		case byImageTests.MatchString(command):
			continue
		case onCluster.MatchString(command):
			clusters++
			continue
		case strings.Contains(command, "| cmp "):
			bats = session.bats() // before the switch
			deploy("--values", session.switched(text))
		}
		out, code := session.exit(command)
		require.Zero(t, code, "%s\n%s", command, out)
		said[command] = out
	}
	require.Equal(t, 6, bats)
	require.Equal(t, bats, session.bats())
	require.Equal(t, 7, clusters)
	require.Len(t, said, 12)
	for command, want := range map[string]string{
		"bayplan diff configmap://tf-public/image-config served.yaml":                                                                        "no difference",
		"bayplan diff configmap://tf-public/image-config oci://tools-harbor.wmcloud.org/toolforge/image-config:0.0.29":                       "no difference",
		"bayplan publish image-config oci://tools-harbor.wmcloud.org/toolforge/image-config":                                                 "0.0.29",
		"helm template image-config oci://tools-harbor.wmcloud.org/toolforge/image-config --version 0.0.29 -n tf-public":                     "images-v1.yaml: |",
		"helm push bayplan-0.0.1-20261126000000-0123abcd.tgz oci://tools-harbor.wmcloud.org/toolforge":                                       "/toolforge/bayplan:0.0.1-20261126000000-0123abcd",
		"bayplan list --server " + gatewayURL + " --client-cert ~/.toolskube/client.crt --client-key ~/.toolskube/client.key --exists false": "node12",
	} {
		require.Contains(t, said[command], want, command)
	}
	require.Contains(t, session.service.output(), "origin=oci://"+host+"/toolforge/image-config version=0.0.29 ")
}

// deploy starts what the chart makes of the values of tools, and of more.
func (r *documentRun) deploy(helm string, ours *authority, host string, values ...string) {
	r.t.Helper()
	if r.service != nil {
		r.service.kill()
	}
	m := rendered(r.t, helm, append([]string{"--values", environment(r.t, "tools"), "--set", "drain.delay=0"}, values...)...)
	pod := podOf(r.t, m, filepath.Join(r.dir, ".kube", "config"), ours)
	settings := filepath.Join(pod.dir, "etc", "bayplan.yaml")
	text, err := os.ReadFile(settings)
	require.NoError(r.t, err)
	replace(r.t, settings, strings.ReplaceAll(string(text), "tools-harbor.wmcloud.org", host))
	// The Harbor here knows other accounts.
	env := slices.Concat(pod.env, r.env, []string{"DOCKER_CONFIG=" + r.dir + "/.docker", "BAYPLAN_LOG_LEVEL=debug"})
	r.service = bayplan(r.t, env, pod.args...)
	require.NotNil(r.t, r.service.await(regexp.MustCompile(`msg=ready `)), r.service.output())
	port := gatewayLine.FindStringSubmatch(r.service.output())
	require.NotNil(r.t, port, r.service.output())
	r.address = []string{gatewayURL, "https://localhost:" + port[1]}
}

// switched writes the values that the document has for the chart as the source.
func (r *documentRun) switched(text string) (path string) {
	r.t.Helper()
	const head = "# components/bayplan/values/tools.yaml.gotmpl, in place of its config\n"
	for _, block := range fenced(text, "yaml") {
		if strings.HasPrefix(block, head) {
			path = filepath.Join(r.dir, "switched.yaml")
			replace(r.t, path, block)
			return path
		}
	}
	r.t.Fatal("the document has no such values")
	return ""
}

// batsShim is as much of bats, of toolforge-deploy's helpers and of the gateway as
// the functional tests need.
const batsShim = `
set -e
load() { :; }
_global_setup() { :; }
_global_teardown() { :; }
run() { status=0; output=$("$@" 2>&1) || status=$?; }
assert_success() { [ "$status" = 0 ] || { echo "exit $status: $output"; exit 1; }; }
assert_line() {
  case "$1" in
  --partial) grep -qF -- "$2" <<<"$output" || { echo "no $2 in: $output"; exit 1; } ;;
  *) grep -qFx -- "$1" <<<"$output" || { echo "no line $1 in: $output"; exit 1; } ;;
  esac
}
curl() {
  command curl --cert ~/.toolskube/client.crt --key ~/.toolskube/client.key -H "X-Toolforge-Tool: $TOOL_NAME" "${@/\/bayplan\///}"
}
`

// bats runs the functional tests and gives how many there are.
func (r *documentRun) bats() (count int) {
	r.t.Helper()
	text := toolforgeFile(r.t, batsFile)
	tests := regexp.MustCompile(`(?m)^@test "(.*)" \{$`)
	names := tests.FindAllStringSubmatch(text, -1)
	script := batsShim
	for _, line := range strings.SplitAfter(text, "\n") {
		if tests.MatchString(strings.TrimSuffix(line, "\n")) {
			line = "test_" + string(rune('a'+count)) + "() {\n"
			count++
		}
		script += line
	}
	for i, name := range names {
		script += "setup; echo '" + name[1] + "'; test_" + string(rune('a'+i)) + "; teardown\n"
	}
	cmd := exec.CommandContext(r.t.Context(), "bash", "-c", script)
	cmd.Dir = r.dir
	cmd.Env = append(slices.Clone(r.env), "USER=tools.alpha", "TOOLFORGE_API_URL="+r.address[1])
	out, err := cmd.CombinedOutput()
	require.NoError(r.t, err, string(out))
	return count
}
