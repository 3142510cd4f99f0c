package api

// Messages are sentences for whoever reads an answer, by weight. The zero value
// is written as {}.
type Messages struct {
	Info    []string `json:"info,omitempty"`
	Warning []string `json:"warning,omitempty"`
	Error   []string `json:"error,omitempty"`
}

// ImagesAnswer is the body of GET /v1/images.
type ImagesAnswer struct {
	// Images are sorted by short name, one record per name.
	Images   List[Image] `json:"images"`
	Messages Messages    `json:"messages"`
}

// ImageAnswer is the body of GET /v1/images/{name}.
type ImageAnswer struct {
	Image    Image    `json:"image"`
	Messages Messages `json:"messages"`
}

// CatalogAnswer is the body of GET /v1/catalog.
type CatalogAnswer struct {
	Catalog  Catalog  `json:"catalog"`
	Messages Messages `json:"messages"`
}

// Acceptance is the body of an answer to POST /v1/webhooks/harbor: the event was
// taken, and will be looked into.
type Acceptance struct {
	Messages Messages `json:"messages"`
}

// StatusOK is the status of a [Health] that is well.
const StatusOK = "OK"

// Health is the body of GET /v1/healthz and of a good GET /v1/readyz.
type Health struct {
	Status   string   `json:"status"`
	Messages Messages `json:"messages"`
}
