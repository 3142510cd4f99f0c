package compare

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
)

// What webservice 0.98 has in its code: the words of extra.wstype, those of
// extra.resources with the memory they stand for, and the type that a plain
// `webservice start` takes.
var (
	webserviceTypes     = []string{"generic", "js", "lighttpd", "lighttpd-plain", "python"}
	webserviceResources = map[any]int{nil: 512, "default": 512, "jdk": 1024} // MiB
)

const webserviceDefault = "php7.4"

// everyTool is what one bad entry costs: the types are read while the help text
// is made, before any argument.
const everyTool = "until it is mended no webservice command works, for any tool"

// webserviceTrouble tells why webservice does not load an image; "" if it does.
func webserviceTrouble(e *chart.Entry) string {
	if e.Variants == nil {
		return "webservice reads variants of every image: " + everyTool
	}
	v := e.Variants[chart.VariantWebservice]
	if v == nil {
		return ""
	}
	if why := typeTrouble(v.Extra["wstype"]); why != "" {
		return why
	}
	return resourcesTrouble(v.Extra["resources"])
}

func typeTrouble(word any) string {
	if s, ok := word.(string); ok && slices.Contains(webserviceTypes, s) {
		return ""
	}
	return fmt.Sprintf("webservice knows no wstype but %s: %s", strings.Join(webserviceTypes, ", "), everyTool)
}

func resourcesTrouble(word any) string {
	if _, known := memoryOf(word); known {
		return ""
	}
	return "webservice knows no resources but default and jdk: " + everyTool
}

// memoryOf gives the memory, in MiB, that a word of extra.resources stands for.
func memoryOf(word any) (mebibytes int, known bool) {
	if _, isText := word.(string); word != nil && !isText {
		return 0, false // it may be a list, which is no key
	}
	mebibytes, known = webserviceResources[word]
	return mebibytes, known
}

// webserviceGone says what it means that webservice has a type no more. It
// knows no aliases.
func webserviceGone(name string) string {
	why := "webservice, which knows no aliases, has this type no more: webservices of it cannot be started or restarted"
	if name == webserviceDefault {
		why += ", nor those that name no type"
	}
	return why
}

// webserviceReference judges what webservice makes of a reference.
func webserviceReference(v *verdict, reference string) {
	if r := partsOf(reference); r.Tag != "" || r.Digest != "" {
		v.breaks(fmt.Sprintf("webservice writes :latest behind it, and %s:latest is no image: leave tag and digest out", reference))
	}
}

// extras compares what a variant tells its consumer, key by key.
func (c *comparison) extras(name, variant string, before, now map[string]any) {
	for _, key := range bothKeys(before, now) {
		was, is := before[key], now[key]
		if reflect.DeepEqual(was, is) {
			continue
		}
		v := safe("no consumer that is known reads this key")
		if variant == chart.VariantWebservice {
			v = webserviceExtra(key, was, is)
		}
		c.add(v.on(Change{Kind: KindExtra, Image: name, Path: at(name, "variants", variant, "extra", key), Old: was, New: is}))
	}
}

func webserviceExtra(key string, was, is any) *verdict {
	switch key {
	case "wstype":
		return wstype(was, is)
	case "resources":
		return resources(was, is)
	}
	return safe("no consumer that is known reads this key")
}

func wstype(was, is any) *verdict {
	v := safe("webservice knows the word, and did not know the old one")
	if why := typeTrouble(is); why != "" {
		v.breaks(why)
	} else if typeTrouble(was) == "" {
		v.breaks("from their next start on, webservices of this type run another server")
	}
	return v
}

func resources(was, is any) *verdict {
	v := safe("a webservice has at least the memory that it had")
	if why := resourcesTrouble(is); why != "" {
		v.breaks(why)
		return v
	}
	before, _ := memoryOf(was)
	if now, _ := memoryOf(is); now < before {
		v.breaks(fmt.Sprintf("from their next start on, webservices of this type have %d MiB of memory instead of %d", now, before))
	}
	return v
}

// defaults compares what a webservice job takes where it says nothing itself.
func (c *comparison) defaults(name string, before, now map[string]any) {
	for _, key := range bothKeys(before, now) {
		was, is := before[key], now[key]
		if reflect.DeepEqual(was, is) {
			continue
		}
		v := safe("webservice jobs that do not set it themselves take the new value from their next start on")
		switch {
		case was == nil:
			v.whySafe = "webservice jobs need not set it themselves any more"
		case key == "command" && is == nil:
			v.breaks("webservice jobs that set no command themselves are refused")
		case key == "command":
			v.breaks("webservice jobs that set no command themselves run another one from their next start on")
		case is == nil:
			v.whySafe = "webservice jobs that do not set it themselves take jobs-api's own value"
		}
		c.add(v.on(Change{Kind: KindDefaults, Image: name, Path: at(name, "webservice-defaults", key), Old: was, New: is}))
	}
}
