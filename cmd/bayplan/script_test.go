package main

import (
	"flag"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "write what commands print into the scripts' golden files")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"bayplan": main})
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
		Setup: func(env *testscript.Env) error {
			env.Setenv("CHART", filepath.Join(repository, "chart/image-config"))
			st := newStage()
			env.Values[stageKey{}] = st
			env.Defer(st.close)
			return nil
		},
	})
}
