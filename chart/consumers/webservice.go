package consumers

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
)

// DefaultType is the image that Toolforge's webservice command starts when nobody
// names one.
const DefaultType = "php7.4"

// Wstypes gives the words for wstype that the webservice command knows.
func Wstypes() []string { return []string{"generic", "js", "lighttpd", "lighttpd-plain", "python"} }

// Resources gives the words for resources that it knows.
func Resources() []string { return []string{"default", "jdk"} }

// everyService is who feels it when the webservice command cannot read the
// catalog: it does so while it makes its help text.
const everyService = "start, stop, status and --help fail for every tool"

// readWebservice reads as the webservice command does. Aliases it never reads.
func readWebservice(d Document) Reading {
	if d.broken != "" {
		return failed(typeError, "", "%s: %s", d.broken, everyService)
	}
	r := Reading{Loads: true, Images: []Image{}, Skipped: []Skipped{}, Default: &Default{ShortName: DefaultType}}
	for _, e := range d.entries {
		fields, isMap := e.value.(map[string]any)
		if !isMap {
			return failed(typeError, e.name, "%s is no map: %s", e.name, everyService)
		}
		variants, found := fields["variants"].(map[string]any)
		if !found {
			return failed(keyError, e.name, "%s has no variants: %s", e.name, everyService)
		}
		variant, offered := variants[chart.VariantWebservice]
		if !offered {
			r.Skipped = append(r.Skipped, Skipped{e.name, "it has no variant " + chart.VariantWebservice})
			continue
		}
		image, problem := serviceType(e.name, fields, variant)
		if problem != "" {
			return failed(keyError, e.name, "%s %s: %s", e.name, problem, everyService)
		}
		r.Images = append(r.Images, image)
		r.Default.Starts = r.Default.Starts || e.name == DefaultType
	}
	slices.SortStableFunc(r.Images, func(a, b Image) int { return cmp.Compare(a.ShortName, b.ShortName) })
	return r
}

// serviceType reads one entry, and says what the command misses in it.
func serviceType(name string, fields map[string]any, variant any) (Image, string) {
	inside, _ := variant.(map[string]any)
	reference, isText := inside["image"].(string)
	if !isText || reference == "" {
		return Image{}, "has no image in its variant"
	}
	extra, isMap := inside["extra"].(map[string]any)
	if !isMap {
		return Image{}, "has no extra in its variant"
	}
	wstype, _ := extra["wstype"].(string)
	if !contains(Wstypes(), wstype) {
		return Image{}, unknownWord("wstype", extra["wstype"], Wstypes())
	}
	resource := "default"
	if value, found := extra["resources"]; found {
		if resource, _ = value.(string); !contains(Resources(), resource) {
			return Image{}, unknownWord("resources", value, Resources())
		}
	}
	state, found := fields["state"]
	if !found {
		return Image{}, "has no state"
	}
	image := Image{
		ShortName: name, State: fmt.Sprint(state), Image: reference + ":latest", Listed: state != chart.StateDeprecated,
		Spellings: []string{name}, Wstype: wstype, Resources: resource,
	}
	if _, path, _ := strings.Cut(reference, "/"); strings.ContainsAny(path, ":@") {
		image.Problem = "nothing can be pulled by this reference: :latest is appended to a tag or digest"
	}
	return image, ""
}

func unknownWord(key string, value any, known []string) string {
	if value == nil {
		return "has no " + key
	}
	return fmt.Sprintf("has the %s %q, which is not one of %s", key, fmt.Sprint(value), strings.Join(known, ", "))
}
