package main

import (
	"bufio"
	"encoding/json"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/registrytest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// What the demo says to try is tried, line by line, in a shell.
func TestWelcomeWorksAsItStands(t *testing.T) {
	helm := registrytest.Tool(t, "helm3")
	registrytest.Tool(t, "curl")
	demo, _ := demoServer(t, "--log-level", "debug")
	require.NotNil(t, demo.await(regexp.MustCompile("Stop it with")), demo.output())
	tried := 0
	for line := range strings.SplitSeq(demo.output(), "\n") {
		command, indented := strings.CutPrefix(line, "  ")
		if !indented {
			continue
		}
		tried++
		switch {
		case strings.Contains(command, "/v1/events"):
			requireStream(t, strings.TrimPrefix(command, "curl -N "))
			continue
		case strings.HasSuffix(strings.SplitN(command, " --server", 2)[0], " drift"):
			// What the demo left out is found, and findings are exit code 1.
			require.Contains(t, shell(t, command+" || test $? = 1"), "repository missing")
			continue
		}
		out := shell(t, strings.Replace(strings.Replace(command, "curl ", "curl --show-error ", 1), "helm ", helm+" ", 1))
		switch {
		case strings.Contains(command, "-X DELETE"):
			require.NotNil(t, demo.await(regexp.MustCompile("snapshot published.*generation=2")), demo.output())
		case strings.Contains(command, "/artifacts/latest/tags"):
			require.Empty(t, out)
		case strings.Contains(command, "alpha:again"):
			require.Contains(t, out, `"short_name":"tool-alpha/alpha:again"`)
		case strings.Contains(command, "images/node18"):
			require.Contains(t, out, `"exists":false`)
		case strings.Contains(command, "helm pull"):
			require.Contains(t, out, "Pulled: ")
		case strings.Contains(command, "pyton3.11"):
			require.Contains(t, out, "did you mean python3.11")
		default:
			require.NotEmpty(t, out)
			require.NotContains(t, out, `"error"`, command)
		}
	}
	require.Equal(t, 22, tried)
}

// requireStream reads the beginning of a stream, which goes on until its reader
// leaves.
func requireStream(t *testing.T, address string) {
	t.Helper()
	response, err := testClient.Get(address)
	require.NoError(t, err)
	defer func() { require.NoError(t, response.Body.Close()) }()
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		if lines.Text() == "event: start" {
			return
		}
	}
	require.Fail(t, "the stream has no beginning")
}

// shell runs a line as somebody who typed it would, in an empty directory.
func shell(t *testing.T, line string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "-c", line)
	cmd.Dir = t.TempDir()
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s\n%s", line, out)
	return string(out)
}

// Other people's tools read the demo's registries and write to them, and Bayplan
// sees what they did.
func TestOtherToolsAndTheDemo(t *testing.T) {
	tools := map[string]string{}
	for _, name := range []string{"crane", "skopeo", "oras", "helm4"} {
		tools[name] = registrytest.Tool(t, name)
	}
	demo, address := demoServer(t, "--log-level", "debug")
	require.NotNil(t, demo.await(regexp.MustCompile("Stop it with")), demo.output())
	registry := strings.TrimPrefix(deleteLine.FindStringSubmatch(demo.output())[1], "http://")
	catalog := pullLine.FindStringSubmatch(demo.output())[1]
	tool := func(name string, args ...string) string {
		return strings.TrimSpace(shell(t, tools[name]+" "+strings.Join(args, " ")+" 2>/dev/null"))
	}
	const node18, node16 = "/toolforge-node18-sssd-base", "/toolforge-node16-sssd-base"

	before := imageOf(t, address, "node18")
	require.Equal(t, "latest", tool("crane", "ls", "--insecure", registry+node18))
	require.Equal(t, before.Digest, tool("crane", "digest", registry+node18+":latest"))
	require.Equal(t, before.Digest, tool("skopeo", "inspect", "--tls-verify=false", "--format '{{.Digest}}'", "docker://"+registry+node18+":latest"))

	tool("crane", "copy", "--insecure", registry+node16+":latest", registry+node18+":latest")
	require.NotNil(t, demo.await(regexp.MustCompile("snapshot published.*generation=2")), demo.output())
	after := imageOf(t, address, "node18")
	require.NotEqual(t, before.Digest, after.Digest)
	require.Equal(t, imageOf(t, address, "node16").Digest, after.Digest)

	version := "0.0.0-sample.1"
	require.Equal(t, "0.0.0-sample.0\n"+version, tool("oras", "repo", "tags", "--plain-http", catalog+"/toolforge/image-config"))
	var manifest struct {
		Config struct{ MediaType string }
	}
	require.NoError(t, json.Unmarshal([]byte(tool("oras", "manifest", "fetch", "--plain-http", catalog+"/toolforge/image-config:"+version)), &manifest))
	require.Equal(t, "application/vnd.cncf.helm.config.v1+json", manifest.Config.MediaType)
	require.Contains(t, tool("helm4", "show", "chart", "--plain-http", "oci://"+catalog+"/toolforge/image-config", "--version", version), "version: "+version)
}

// What somebody pushes to the demo's Harbor as the account that its welcome names
// is in the tool's list after the next round.
func TestPushToTheDemosHarbor(t *testing.T) {
	crane, skopeo := registrytest.Tool(t, "crane"), registrytest.Tool(t, "skopeo")
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	demo, address := demoServer(t, "--log-level", "debug")
	require.NotNil(t, demo.await(regexp.MustCompile("Stop it with")), demo.output())
	account := regexp.MustCompile(`-u (\S+):(\S+) .* http://([0-9.:]+)/api/v2.0`).FindStringSubmatch(demo.output())
	require.NotNil(t, account, demo.output())
	from := strings.TrimPrefix(deleteLine.FindStringSubmatch(demo.output())[1], "http://") + "/toolforge-node16-sssd-base:latest"
	to := account[3] + "/tool-alpha/"

	shell(t, crane+" auth login "+account[3]+" -u "+account[1]+" -p "+account[2])
	shell(t, crane+" copy --insecure "+from+" "+to+"by-crane:1")
	shell(t, skopeo+" copy --src-tls-verify=false --dest-tls-verify=false --dest-creds "+account[1]+":"+account[2]+" docker://"+from+" docker://"+to+"by-skopeo:1")
	for _, name := range []string{"tool-alpha/by-crane:1", "tool-alpha/by-skopeo:1"} {
		for imageOf(t, address, name).Digest == "" {
			require.NotNil(t, demo.await(regexp.MustCompile("snapshot published")), demo.output())
		}
		require.Equal(t, imageOf(t, address, "node16").Digest, imageOf(t, address, name).Digest)
	}
	out, err := exec.CommandContext(t.Context(), crane, "copy", "--insecure", from, account[3]+"/tool-beta/not-mine:1").CombinedOutput()
	require.Error(t, err, "the account is of one tool alone: %s", out)
}

func imageOf(t *testing.T, address, name string) api.Image {
	t.Helper()
	response, err := testClient.Get(address + "/v1/images/" + name)
	require.NoError(t, err)
	defer func() { require.NoError(t, response.Body.Close()) }()
	var answer api.ImageAnswer
	require.NoError(t, json.NewDecoder(response.Body).Decode(&answer))
	return answer.Image
}
