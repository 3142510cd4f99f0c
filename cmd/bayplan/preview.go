package main

import (
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/archive"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/render"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

type previewOptions struct {
	std       streams
	output    outputFlag
	namespace string
	today     string
	rendered  bool
}

func newPreviewCommand(std streams) *cobra.Command {
	o := &previewOptions{std: std}
	cmd := &cobra.Command{
		Use:   "preview CHART",
		Short: "Show what a chart renders to beside what the endpoint would answer",
		Long: `Preview runs the chart's templates as "helm template" does, and puts what comes
out, the ConfigMap that today's consumers read, beside the records that the
endpoint would answer with. It asks no registry.

The two have one source and differ where they should: the ConfigMap has states as
they are written, the endpoint as of the day; removed images are gone from it. If
what is rendered is not what the endpoint says of the ConfigMap (/v1/image-config),
a template is wrong, and the exit code is 1.`,
		Example: `  bayplan preview ./chart/image-config
  bayplan preview ./chart/image-config --today 2027-01-01
  bayplan preview ./chart/image-config --rendered
  bayplan preview image-config-0.0.28.tgz -o json`,
		DisableFlagsInUseLine: true,
		Args:                  oneArgument("a chart"),
		RunE:                  func(_ *cobra.Command, args []string) error { return o.run(args[0]) },
	}
	flags := cmd.Flags()
	flags.StringVarP(&o.namespace, "namespace", "n", "tf-public", "`NAMESPACE` of the release")
	flags.StringVar(&o.today, "today", "", "UTC `DAY` of the endpoint's answer, YYYY-MM-DD (default: today)")
	flags.BoolVar(&o.rendered, "rendered", false, "print the rendered images-v1.yaml and nothing else")
	keepLocal(cmd, "namespace")
	o.output.register(cmd)
	return cmd
}

// preview is the answer of preview as data.
type preview struct {
	// ImageConfig is what is rendered.
	ImageConfig map[string]any `json:"image_config"`
	// Images are what the endpoint answers; nobody was asked whether they exist.
	Images []api.Image `json:"images"`
	// Agrees tells that the endpoint says the same of the ConfigMap.
	Agrees bool `json:"agrees"`
}

func (o *previewOptions) run(path string) error {
	day, err := dayOr(o.today)
	if err != nil {
		return err
	}
	source, err := chart.Open(path)
	if err != nil {
		return unreadable("preview", path, err)
	}
	loaded, err := source.Load()
	if err != nil {
		return tellInvalid(o.std, "preview", "there is nothing to show", err)
	}
	text, err := o.render(path)
	if err != nil {
		return fault.Wrap(fault.Invalid, "preview", path, err)
	}
	if o.rendered {
		_, err := o.std.out.Write(text)
		return err
	}
	p, err := previewOf(loaded, text, day)
	if err != nil {
		return fault.Wrap(fault.Invalid, "preview", path, err)
	}
	if err := o.output.print(o.std.out, p, func() error { return o.table(p, loaded.Catalog) }); err != nil {
		return err
	}
	if !p.Agrees {
		fmt.Fprintln(o.std.err, "the chart renders something else than the endpoint says of the ConfigMap: compare its templates with those of chart/image-config")
		return errFindings
	}
	return nil
}

// dayOr reads a UTC day; "" is today.
func dayOr(text string) (chart.Date, error) {
	if text == "" {
		return chart.Date(time.Now().UTC().Format(time.DateOnly)), nil
	}
	if _, err := time.Parse(time.DateOnly, text); err != nil {
		return "", fault.New(fault.Usage, "", "--today", "%q is no day: write YYYY-MM-DD", text)
	}
	return chart.Date(text), nil
}

func (o *previewOptions) render(path string) ([]byte, error) {
	opts := render.Options{Namespace: o.namespace}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	var manifests map[string]string
	if info.IsDir() {
		manifests, err = render.Dir(path, opts)
	} else {
		var data []byte
		if data, err = readLimited(path, archive.MaxCompressed); err == nil {
			manifests, err = render.Archive(data, opts)
		}
	}
	if err != nil {
		return nil, err
	}
	return render.Legacy(manifests)
}

func previewOf(loaded *chart.Chart, rendered []byte, day chart.Date) (*preview, error) {
	p := &preview{Images: []api.Image{}}
	if err := yaml.UnmarshalStrict(rendered, &p.ImageConfig); err != nil {
		return nil, fmt.Errorf("%s is rendered, and is no YAML: %w", chart.LegacyKey, err)
	}
	var served map[string]any
	if err := yaml.UnmarshalStrict(loaded.Catalog.LegacyYAML(), &served); err != nil {
		return nil, err
	}
	p.Agrees = reflect.DeepEqual(p.ImageConfig, served)
	for _, image := range snapshot.Join(snapshot.Input{Catalog: loaded.Catalog, Facts: nobodyAsked{}, Day: day}).Images {
		p.Images = append(p.Images, server.Record(image))
	}
	return p, nil
}

// nobodyAsked are the facts while no registry was asked.
type nobodyAsked struct{}

// Manifest implements snapshot.Facts.
func (nobodyAsked) Manifest(fact.Reference) (fact.Manifest, bool) { return fact.Manifest{}, false }

// Repository implements snapshot.Facts.
func (nobodyAsked) Repository(string, string) (fact.Repository, bool) {
	return fact.Repository{}, false
}

func (o *previewOptions) table(p *preview, catalog *chart.Catalog) error {
	records := map[string]api.Image{}
	for _, image := range p.Images {
		records[image.ShortName] = image
	}
	var rows [][]string
	for _, name := range slices.Sorted(maps.Keys(p.ImageConfig)) {
		word := ""
		if entry, isMap := p.ImageConfig[name].(map[string]any); isMap {
			word, _ = entry["state"].(string)
		}
		row := []string{name, orDash(word), "removed", orDash(catalog.SuccessorOf(name)), "-"}
		if record, found := records[name]; found {
			row = []string{name, orDash(word), record.State, orDash(record.ReplacedBy), record.Image}
		}
		rows = append(rows, row)
	}
	return printTable(o.std, []string{"NAME", "CONFIGMAP", "ENDPOINT", "REPLACED BY", "IMAGE"}, rows)
}
