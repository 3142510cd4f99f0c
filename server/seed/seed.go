package seed

import (
	"cmp"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbor"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/store"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// Head says when rows were written, and how old they were then.
type Head struct {
	// Format is "1.0" or another whose major number is 1; "" for a list.
	Format    string    `json:"format"`
	CreatedAt time.Time `json:"created_at"`
	// Sources are those of the rows that did not answer any more by then.
	Sources []Source `json:"sources,omitempty"`
}

// Source is a source of rows, as /v1/catalog has it, and when it last answered.
type Source struct {
	Name          string    `json:"name"`
	Kind          string    `json:"kind"`
	LastSuccessAt time.Time `json:"last_success_at,omitzero"`
}

// Sources gives the sources of live facts of a served catalog that do not answer
// now. Those that do are left out, so that equal facts make equal exports.
func Sources(served *api.Catalog) []Source {
	var out []Source
	for _, s := range served.Sources {
		if s.Stale && s.Kind != resolver.KindChart && s.Kind != resolver.KindListing && !s.LastSuccessAt.IsZero() {
			out = append(out, Source{Name: s.Name, Kind: s.Kind, LastSuccessAt: s.LastSuccessAt})
		}
	}
	return out
}

// Options bound what is read.
type Options struct {
	// MaxBytes is how long the text may be, and MaxRows how many references it may
	// tell of, variants of standard images included; more is fault.TooLarge. A text is
	// not kept, so that memory follows the rows.
	MaxBytes int64
	MaxRows  int
	// MaxAge is how old rows may be: what a source said longer ago is left out, and
	// a text that was written longer ago is refused.
	MaxAge time.Duration
	// Now is the time to go by.
	Now time.Time
	// Head is that of a text that has none of its own, which is a list; nil refuses
	// such a text.
	Head *Head
}

const (
	// longRow and longValue bound one row, and each other value of the text, in
	// bytes: a word is in memory as long as it is read. The decoder may read as much
	// ahead.
	longRow   = 4 << 20
	longValue = 16 << 20
	// longTexts bounds the texts of all rows that are kept, in bytes.
	longTexts = 256 << 20
)

// clockSlack is how far the clocks of two machines may be apart.
const clockSlack = 5 * time.Minute

// Read reads a text as it comes. Errors are of kind fault.Invalid: it is not what
// it should be; fault.Unsupported: another Bayplan wrote it; fault.TooLarge;
// fault.Refused: it is too old, or of the future; else those of from.
func Read(from io.Reader, opts Options) (*resolver.Seed, error) {
	limited := &limit{from: from, whole: opts.MaxBytes}
	r := &reader{opts: opts, text: limited, projects: map[string]*project{}, hosts: map[string]*store.Host{}}
	if opts.Head != nil {
		r.head = *opts.Head
	}
	err := r.document(jsontext.NewDecoder(limited))
	switch {
	case limited.err != nil:
		return nil, limited.err
	case err != nil:
		if ours, ok := errors.AsType[*fault.Error](err); ok {
			return nil, ours
		}
		return nil, fault.Wrap(fault.Invalid, "read the seed", "", err)
	}
	return r.seed()
}

// limit fails once more was read than is allowed.
type limit struct {
	from  io.Reader
	whole int64 // bytes that may be read in all
	until int64 // bytes that may be read before the next value begins
	read  int64
	err   error // of from, or fault.TooLarge
}

func (l *limit) Read(p []byte) (int, error) {
	n, err := l.from.Read(p)
	switch l.read += int64(n); {
	case l.read > l.whole:
		err = tooLarge("it has more bytes than are allowed")
	case l.read > l.until:
		err = tooLarge("a part of it is longer than any")
	}
	if err != nil && !errors.Is(err, io.EOF) {
		l.err = err
	}
	return n, err
}

func tooLarge(text string) error { return fault.New(fault.TooLarge, "read the seed", "", "%s", text) }

// reader gathers rows.
type reader struct {
	opts     Options
	text     *limit
	rows     int   // references that were told
	texts    int64 // bytes of what is kept of them
	head     Head
	listed   bool
	host     string // of user-built images
	projects map[string]*project
	hosts    map[string]*store.Host
}

// project is what a tool built: repositories by their names below it.
type project struct {
	repositories map[string][]inventory.Image
}

// document reads the whole text. Keys that are not known are passed over.
func (r *reader) document(d *jsontext.Decoder) error {
	r.text.until = longValue
	if token, err := d.ReadToken(); err != nil || token.Kind() != '{' {
		return cmp.Or(err, error(fault.New(fault.Invalid, "read the seed", "", "it is no export and no list of images")))
	}
	for d.PeekKind() != '}' {
		r.text.until = d.InputOffset() + longValue
		key, err := d.ReadToken()
		if err != nil {
			return err
		}
		switch key.String() {
		case "export":
			err = json.UnmarshalDecode(d, &r.head)
		case "images":
			r.listed = true
			err = r.images(d)
		default:
			err = d.SkipValue()
		}
		if err != nil {
			return err
		}
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return fault.New(fault.Invalid, "read the seed", "", "there is something behind its end")
	}
	return nil
}

func (r *reader) images(d *jsontext.Decoder) error {
	if token, err := d.ReadToken(); err != nil || token.Kind() != '[' {
		return cmp.Or(err, error(fault.New(fault.Invalid, "read the seed", "", "its images are no list")))
	}
	for d.PeekKind() != ']' {
		r.text.until = d.InputOffset() + longRow
		var row row
		if err := json.UnmarshalDecode(d, &row); err != nil {
			return err
		}
		if err := r.take(&row); err != nil {
			return err
		}
	}
	_, err := d.ReadToken()
	return err
}

// seed gives what was read, without what is too old.
func (r *reader) seed() (*resolver.Seed, error) {
	major, _, _ := strings.Cut(r.head.Format, ".")
	age := r.opts.Now.Sub(r.head.CreatedAt)
	switch {
	case !r.listed:
		return nil, fault.New(fault.Invalid, "read the seed", "", "it has no images")
	case r.head.CreatedAt.IsZero():
		return nil, fault.New(fault.Invalid, "read the seed", "", "it does not say when it was written").
			WithHint("a file is written by bayplan export")
	case major != "" && major != "1":
		return nil, fault.New(fault.Unsupported, "read the seed", "", "it has format %q; this Bayplan knows 1", r.head.Format)
	case age < -clockSlack:
		return nil, fault.New(fault.Refused, "read the seed", "", "it was written in %s from now: clocks do not agree", (-age).Round(time.Second))
	case age > r.opts.MaxAge:
		return nil, fault.New(fault.Refused, "read the seed", "", "it was written %s ago, longer than %s", age.Round(time.Second), r.opts.MaxAge).
			WithHint("write it anew, or allow more with --seed-max-age")
	}
	out := &resolver.Seed{CreatedAt: r.head.CreatedAt}
	if then := r.then(r.host, true); r.host != "" && !then.IsZero() {
		view, err := r.view()
		if err != nil {
			return nil, fault.Wrap(fault.Invalid, "read the seed", "", err)
		}
		out.UsersHost, out.Users = r.host, inventory.Memory{View: view, LastSuccess: then}
	}
	for _, name := range slices.Sorted(maps.Keys(r.hosts)) {
		host := r.hosts[name]
		if host.LastSuccess = r.then(name, false); !host.LastSuccess.IsZero() {
			out.Hosts = append(out.Hosts, *host)
		}
	}
	return out, nil
}

// then is when a source had last answered, which is not after the rows were
// written; zero if that is too long ago.
func (r *reader) then(host string, users bool) time.Time {
	then := r.head.CreatedAt
	for _, s := range r.head.Sources {
		if s.Name == host && (s.Kind == resolver.KindUsers) == users && s.LastSuccessAt.Before(then) {
			then = s.LastSuccessAt
		}
	}
	if r.opts.Now.Sub(then) > r.opts.MaxAge {
		return time.Time{}
	}
	if then.After(r.opts.Now) {
		return r.opts.Now
	}
	return then
}

// view makes a view of what tools built. Harbor's own numbers and times are not
// in rows, so the first sweep reads all of it.
func (r *reader) view() (*inventory.View, error) {
	var b inventory.Builder
	// In the order of the short names of their images.
	names := slices.SortedFunc(maps.Keys(r.projects), func(a, b string) int { return strings.Compare(a+"/", b+"/") })
	for _, name := range names {
		record := inventory.Record{Project: name}
		p := r.projects[name]
		for _, repository := range slices.Sorted(maps.Keys(p.repositories)) {
			images := p.repositories[repository]
			slices.SortFunc(images, func(a, b inventory.Image) int { return strings.Compare(a.Tag, b.Tag) })
			record.Repositories = append(record.Repositories, inventory.RepositoryRecord{Name: repository, Images: images})
		}
		if err := b.Add(&record); err != nil {
			return nil, err
		}
	}
	return b.View(), nil
}

// hostOf gives what a registry said of standard images.
func (r *reader) hostOf(name string) *store.Host {
	h, known := r.hosts[name]
	if !known {
		h = &store.Host{Name: name, Manifests: map[fact.Reference]fact.Manifest{}, Repositories: map[string]fact.Repository{}}
		r.hosts[name] = h
	}
	return h
}

// projectOf gives a tool's project, and the rest of a repository's name.
func (r *reader) projectOf(path string) (*project, string) {
	name, rest := harbor.SplitName(path)
	p, known := r.projects[name]
	if !known {
		p = &project{repositories: map[string][]inventory.Image{}}
		r.projects[name] = p
	}
	return p, rest
}
