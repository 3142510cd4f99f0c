package main

import (
	"os"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/kubernetes/kubernetestest"
)

// cluster FILE starts an API server, and writes a kubeconfig for it.
func clusterWord(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: cluster kubeconfig")
	}
	st := stageOf(ts)
	if st.cluster == nil {
		st.cluster = kubernetestest.Start()
		st.atEnd(st.cluster.Close)
	}
	ts.Check(st.cluster.WriteKubeconfig(ts.MkAbs(args[0]), "tools", ""))
}

// deploy NAMESPACE/NAME VERSION FILE puts a legacy document into a ConfigMap, as
// that version of the chart does; without version and file it is deleted.
func deployWord(ts *testscript.TestScript, neg bool, args []string) {
	cluster := stageOf(ts).cluster
	if neg || cluster == nil || len(args) != 1 && len(args) != 3 {
		ts.Fatalf("usage: deploy namespace/name [version file], with a cluster")
	}
	namespace, name, _ := strings.Cut(args[0], "/")
	if len(args) == 1 {
		cluster.Delete(namespace, name)
		return
	}
	text, err := os.ReadFile(ts.MkAbs(args[2]))
	ts.Check(err)
	cluster.Put(namespace, name, map[string]string{chart.LegacyKey: string(text)}, map[string]string{"helm.sh/chart": "image-config-" + args[1]})
}
