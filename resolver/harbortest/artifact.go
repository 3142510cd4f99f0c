package harbortest

// artifact is a manifest with its tags. It is kept small, see [repository]; what
// few artifacts have is in rare, what many share is in content.
type artifact struct {
	id             int64
	digest         digest
	size           int64
	pushed, pulled stamp
	content        *content
	tags           []tag // oldest first
	// serial tells apart the synthetic artifacts of one repository; see synthetic.go.
	serial uint32
	// child says that an index holds it.
	child bool
	rare  *rare
}

// tag is a name of an artifact.
type tag struct {
	id             int64
	name           string
	pushed, pulled stamp
}

// content is what the API tells about an artifact from its manifest and config.
type content struct {
	kind              string // IMAGE, CHART, …
	mediaType         string // of the config, or of an index itself
	artifactType      string
	manifestMediaType string
	icon              string
	extraAttrs        string // JSON; "" if there are none
	annotations       string // JSON; "" if there are none
	additions         []string
	// config and layer are set for synthetic content: the blobs it stands on.
	config, layer descriptor
}

type descriptor struct {
	digest digest
	size   int64
}

type rare struct {
	manifest   []byte
	references []reference
	// accessory is its type ("subject.accessory", "signature.cosign"), and subject
	// what it belongs to; both are unset for other artifacts.
	accessory   string
	accessoryID int64
	subject     digest
	labels      []label
	scan        *Scan
}

// reference is a child of an index.
type reference struct {
	child        digest
	childID      int64
	os           string
	architecture string
}

func (a *artifact) listed() bool {
	if a.rare != nil && a.rare.accessory != "" {
		return false
	}
	return !a.child || len(a.tags) > 0
}

// details gives the part that few artifacts have, to be written to.
func (a *artifact) details() *rare {
	if a.rare == nil {
		a.rare = &rare{}
	}
	return a.rare
}
