package main

import (
	"flag"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/registrytest"
)

var update = flag.Bool("update", false, "write what commands print into the scripts' golden files")

func TestMain(m *testing.M) {
	net.DefaultResolver = hostNames.resolver()
	testscript.Main(m, map[string]func(){"bayplan": main, harborCommand: harborMain})
}

// TestScript runs the command as its users meet it: each script of
// testdata/script starts processes and reads what they print. Besides
// testscript's own words, scripts have those of scriptWords.
func TestScript(t *testing.T) {
	repository, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds:                scriptWords,
		Condition:           condition,
		Setup: func(env *testscript.Env) error {
			for _, helm := range helms {
				env.Setenv(helm, os.Getenv(helm))
			}
			env.Setenv("CHART", filepath.Join(repository, "chart/image-config"))
			env.Setenv("CATALOGS", filepath.Join(repository, "testdata/catalogs"))
			st := newStage()
			env.Values[stageKey{}] = st
			env.Defer(st.close)
			return nil
		},
	})
}

// helms are the variables that name Helm 3 and Helm 4.
var helms = []string{"BAYPLAN_HELM3", "BAYPLAN_HELM4"}

// condition knows [helms]: lines that need both Helms. Where tools are required
// it is always met, and such a line fails without them.
func condition(name string) (bool, error) {
	if name != "helms" {
		return false, fmt.Errorf("there is no condition %s", name)
	}
	if os.Getenv(registrytest.RequireTools) == "1" {
		return true, nil
	}
	for _, helm := range helms {
		if os.Getenv(helm) == "" {
			return false, nil
		}
	}
	return true, nil
}
