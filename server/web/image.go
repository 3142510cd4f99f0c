package web

import (
	"net/url"
	"slices"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// Image is the page of one image.
type Image struct {
	Frame
	Dates
	// AskedAs is the alias that the address has; "" for the short name.
	AskedAs string
	Image   api.Image
	// Siblings are the tags of the same repository, where tools built it: this
	// image among them.
	Siblings []api.Image
	// Version is the catalog's; "" where none is known.
	Version string
	// Hosts are the registries that said what is there, by name.
	Hosts []Host
}

// Host is a registry that said something of an image.
type Host struct {
	Name string
	// Trouble is set while it does not answer.
	Trouble *Trouble
}

// Template implements [Page].
func (*Image) Template() string { return "image" }

// Offer is a reference with what is known of it, ready to be shown.
type Offer struct {
	// ID is for the element that holds the text to copy.
	ID, Name, Image, Digest, Pinned string
	Exists                          *bool
	Wstype                          string
	// Extra is what else the catalog says for the consumer: name, value.
	Extra [][2]string
}

// Offers gives the references of the image: its own first, if it is none of the
// variants', and then those of its variants.
func (p *Image) Offers() []Offer {
	i := p.Image
	out := variantsOf(i)
	if !slices.ContainsFunc(out, func(o Offer) bool { return o.Image == i.Image }) {
		out = slices.Insert(out, 0, Offer{Name: "image", Image: i.Image, Digest: i.Digest, Pinned: i.Pinned, Exists: i.Exists})
	}
	for n := range out {
		out[n].ID = "offer-" + string(rune('a'+n%26)) + strings.Repeat("x", n/26)
	}
	return out
}

func variantsOf(i api.Image) []Offer {
	var out []Offer
	for name, v := range sorted(i.Variants) {
		offer := Offer{Name: name, Image: v.Image, Digest: v.Digest, Pinned: v.Pinned, Exists: v.Exists, Wstype: wstype(v)}
		for key, value := range sorted(v.Extra) {
			offer.Extra = append(offer.Extra, [2]string{key, plain(value)})
		}
		out = append(out, offer)
	}
	return out
}

// Notice is what the image's notice says besides what to use instead, which the
// page has as a link.
func (p *Image) Notice() string {
	return strings.TrimSpace(strings.TrimSuffix(p.Image.Notice, "Use "+p.Image.ReplacedBy+" instead."))
}

// Command is a line that somebody may copy into a terminal.
type Command struct{ ID, What, Line string }

// Names of variants for which commands are known.
const (
	variantJobs       = "jobs-framework"
	variantWebservice = "webservice"
)

// Commands tells how to use the image. Every image runs jobs; web services need a
// variant of their own, or an image of the tool's.
func (p *Image) Commands() []Command {
	i := p.Image
	if i.Exists != nil && !*i.Exists {
		return nil
	}
	run := Command{"run-job", "Run a job", "toolforge jobs run my-job --image " + quoted(i.ShortName) + " --command './do-something.sh'"}
	if i.Type != api.TypeStandard {
		return []Command{run, {"start-web", "Start a web service of it", "toolforge webservice buildservice start --mount=none"}}
	}
	out := []Command{run}
	if _, ok := i.Variants[variantWebservice]; ok {
		out = append(out, Command{"start-web", "Start a web service", "toolforge webservice " + quoted(i.ShortName) + " start"})
	}
	return out
}

// HasWeb tells whether a standard image serves web requests.
func (p *Image) HasWeb() bool {
	_, ok := p.Image.Variants[variantWebservice]
	return ok || p.Image.Type != api.TypeStandard
}

// quoted writes a word for a shell.
func quoted(word string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/:@"
	if word != "" && strings.Trim(word, plain) == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// Link is a link of the catalog: one that may be followed, or text.
type Link struct{ Title, URL string }

// Links gives those of the catalog. What leads anywhere but to a web page is
// shown as text: nobody is to follow javascript: from here.
func (p *Image) Links() []Link {
	var out []Link
	for _, l := range p.Image.Links {
		link := Link{Title: l.Title, URL: l.URL}
		if link.Title == "" {
			link.Title = l.URL
		}
		if u, err := url.Parse(l.URL); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			link.URL = ""
			if l.Title != "" && l.Title != l.URL {
				link.Title += ": " + l.URL
			}
		}
		out = append(out, link)
	}
	return out
}

// Fact says who said something.
type Fact struct{ What, Who string }

// Facts tells where what is shown came from.
func (p *Image) Facts() []Fact {
	var out []Fact
	for what, who := range sorted(p.Image.Sources) {
		name, ok := factNames[what]
		if !ok {
			name = what
		}
		out = append(out, Fact{name, who})
	}
	return out
}

var factNames = map[string]string{
	"metadata": "names, state and description", "live": "what the registry holds", "aliases": "aliases", "state": "state",
	"resources": "resources", "wstype": "type of web service",
}

// Findings gives what a scanner found, worst first, without what it did not.
func (p *Image) Findings() []string { return findings(p.Image.Vulnerabilities) }

func findings(v *api.Vulnerabilities) []string {
	if v == nil {
		return nil
	}
	var out []string
	for _, f := range []struct {
		n    int
		name string
	}{{v.Critical, "critical"}, {v.High, "high"}, {v.Medium, "medium"}, {v.Low, "low"}, {v.Negligible, "negligible"}, {v.Unknown, "of unknown severity"}} {
		if f.n > 0 {
			out = append(out, number(f.n)+" "+f.name)
		}
	}
	if out == nil {
		out = []string{"none found"}
	}
	return out
}
