package client

// LegacyCatalog is what the image-config ConfigMap holds, short name to entry.
type LegacyCatalog map[string]LegacyEntry

// LegacyEntry is one image in a [LegacyCatalog].
type LegacyEntry struct {
	// State is as it is written, never as of a day.
	State   string   `json:"state"`
	Aliases []string `json:"aliases"`
	// Image is the flat reference; empty where only the variants have one.
	Image              string                   `json:"image"`
	Variants           map[string]LegacyVariant `json:"variants"`
	WebserviceDefaults map[string]any           `json:"webservice-defaults"`
}

// LegacyVariant is an image's flavour for one consumer.
type LegacyVariant struct {
	Image string         `json:"image"`
	Extra map[string]any `json:"extra"`
}
