package main

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/kubernetes"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/kubernetes/kubernetestest"
)

// The commands of docs/configmap.md that are Bayplan's are commands, with flags
// that there are.
func TestConfigMapDocumentNamesCommandsThatThereAre(t *testing.T) {
	text, err := os.ReadFile("../../docs/configmap.md")
	require.NoError(t, err)
	count := 0
	for _, command := range fenced(string(text), "console") {
		_, line, found := strings.Cut("| "+command, "| bayplan ")
		if !found {
			continue
		}
		count++
		cmd, args, err := newRootCommand(streams{out: t.Output(), err: t.Output()}).Find(strings.Fields(line))
		require.NoError(t, err, command)
		require.True(t, cmd.HasParent(), command)
		require.NoError(t, cmd.ParseFlags(args), command)
		require.NoError(t, cmd.ValidateArgs(cmd.Flags().Args()), command)
	}
	require.Equal(t, 6, count)
}

// The rights in the document are those that a look needs: one object, to get.
func TestConfigMapDocumentGivesTheLeastRights(t *testing.T) {
	text, err := os.ReadFile("../../docs/configmap.md")
	require.NoError(t, err)
	blocks := fenced(string(text), "yaml")
	require.Len(t, blocks, 1)
	manifest, binding, found := strings.Cut(blocks[0], "---\n")
	require.True(t, found)
	var role struct {
		APIVersion, Kind string
		Metadata         struct {
			Name, Namespace string
		}
		Rules []struct {
			APIGroups, Resources, ResourceNames, Verbs []string
		}
	}
	require.NoError(t, yaml.UnmarshalStrict([]byte(manifest), &role))
	require.Equal(t, "Role", role.Kind)
	require.Contains(t, binding, "name: "+role.Metadata.Name+"\n")
	require.Len(t, role.Rules, 1)
	rule := role.Rules[0]

	t.Setenv("KUBERNETES_SERVICE_HOST", "")
	cluster := kubernetestest.Start()
	t.Cleanup(cluster.Close)
	kubeconfig := t.TempDir() + "/kubeconfig"
	require.NoError(t, cluster.WriteKubeconfig(kubeconfig, "tools", ""))
	cluster.Put(role.Metadata.Namespace, rule.ResourceNames[0], map[string]string{"images-v1.yaml": "a: {state: stable, image: registry.example/a}"}, nil)
	origin, err := kubernetes.Follow(kubernetes.Reference{Namespace: role.Metadata.Namespace, Name: rule.ResourceNames[0]}, kubernetes.Options{Kubeconfig: kubeconfig})
	require.NoError(t, err)
	offer, err := origin.Fetch(t.Context(), "")
	require.NoError(t, err)
	_, err = origin.Fetch(t.Context(), offer.Identity)
	require.NoError(t, err)
	for _, request := range cluster.Requests() {
		path, _, _ := strings.Cut(request, "?")
		require.Equal(t, "/api/v1/namespaces/tf-public/configmaps/image-config", path)
	}
	require.Equal(t, [][]string{{""}, {"configmaps"}, {"image-config"}, {"get"}}, [][]string{rule.APIGroups, rule.Resources, rule.ResourceNames, rule.Verbs})
}
