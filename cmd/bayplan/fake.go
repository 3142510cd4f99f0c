package main

import (
	"strings"

	"github.com/spf13/cobra"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/cmd/bayplan/fake"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
)

type fakeOptions struct {
	std         streams
	log         logFlags
	catalog     string
	images      string
	faults      []string
	listen      string
	control     string
	addressFile string
	untilStdin  bool
}

func newFakeCommand(std streams) *cobra.Command {
	o := &fakeOptions{std: std}
	cmd := &cobra.Command{
		Use:   "fake",
		Short: "Run a test server for the tests of a consumer",
		Long: `Fake is a whole platform in one process, for test suites in any language: a
catalog, registries that hold its images, a Harbor with images that tools built,
and the real server before them. Equal input gives equal answers, digests and
times of pushes included. Nothing leaves the machine.

When it is ready it prints one line of JSON with its addresses, "url" and
"control". It believes every X-Toolforge-Tool. It ends with SIGTERM, and with
--until-stdin-closes when whoever started it ends.

The catalog is "bundled" (the sample), a chart's directory, a .tgz, or a YAML
file: images-v1.yaml, a ConfigMap that holds it, or a values.yaml, beside whose
catalog this may stand, as it may in the file of --images:

  missing: [jdk8]                  # images that their registry lacks
  tools:                           # what tools built, oldest first
    wikibugs: [wikibugs:latest, web/api:v2]
    secret: {private: true, images: [{image: secret:latest, stack: heroku-22}]}

A fault is PLACE=WHAT, and with *3 after it strikes three times. The first that
fits strikes.

  place  ` + folded(fake.Places()) + `
         or a path such as /v1/images/bookworm
  what   ` + folded(fake.Whats()) + `

GET, POST (all anew) and DELETE /fake/faults at the control address change them
while it runs; POST /fake/images takes more tools.`,
		Example: `  bayplan fake
  bayplan fake --catalog images-v1.yaml --images tools.yaml --address-file address.json
  bayplan fake --fault 'images=503*2' --fault resolve=slow:2s --fault harbor=down
  curl -X POST -d '{"faults": ["images=html"]}' http://127.0.0.1:PORT/fake/faults`,
		Args:              noArguments,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.run(cmd.Context(), cmd.InOrStdin())
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.catalog, "catalog", string(resolver.OriginBundled), "`CATALOG` to serve: \"bundled\", a chart's directory, a .tgz, or a YAML file")
	flags.StringVar(&o.images, "images", "", "YAML `FILE` with what tools built and what is missing")
	flags.StringArrayVar(&o.faults, "fault", nil, "what goes wrong from the beginning, `PLACE=WHAT` (repeatable)")
	flags.StringVar(&o.listen, "listen", "127.0.0.1:0", "`ADDRESS` to listen on; port 0 is any free one")
	flags.StringVar(&o.control, "control-listen", "127.0.0.1:0", "`ADDRESS` of the control routes")
	flags.StringVar(&o.addressFile, "address-file", "", "write the addresses to this `FILE` when ready")
	flags.BoolVar(&o.untilStdin, "until-stdin-closes", false, "end when standard input ends")
	completeFaults(cmd)
	o.log.register(cmd)
	// What goes wrong here is meant to.
	o.log.level.value, flags.Lookup("log-level").DefValue = "error", "error"
	return cmd
}

// folded writes words on lines that fit a terminal, below each other.
func folded(words []string) string {
	var out strings.Builder
	room := 70
	for i, word := range words {
		if room -= len(word) + 2; room < 0 {
			out.WriteString("\n         ")
			room = 70 - len(word) - 2
		}
		out.WriteString(word)
		if i < len(words)-1 {
			out.WriteString(", ")
		}
	}
	return strings.ReplaceAll(out.String(), " \n", "\n")
}

// completeFaults completes places first, then what can go wrong there.
func completeFaults(cmd *cobra.Command) {
	_ = cmd.RegisterFlagCompletionFunc("fault", func(_ *cobra.Command, _ []string, begin string) ([]string, cobra.ShellCompDirective) {
		place, _, chosen := strings.Cut(begin, "=")
		var words []string
		if !chosen {
			for _, word := range fake.Places() {
				words = append(words, word+"=")
			}
			return words, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
		}
		for _, what := range fake.Whats() {
			word, _, _ := strings.Cut(strings.TrimSuffix(what, "]"), "[")
			word = strings.Replace(word, "STATUS", "503", 1)
			words = append(words, place+"="+strings.Replace(word, "DURATION", "2s", 1))
		}
		return words, cobra.ShellCompDirectiveNoFileComp
	}) // it was just made
}
