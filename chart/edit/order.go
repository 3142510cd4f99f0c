package edit

// The orders in which keys are written where they are new; keys that are there
// stay where they are.
var (
	rootOrder    = []string{"formatVersion", "images", "tombstones", "stacks"}
	entryOrder   = []string{"state", "description", "links", "replacedBy", "lifecycle", "aliases", "image", "formerly", "variants", "webservice-defaults"}
	variantOrder = []string{"image", "extra"}
	dateOrder    = []string{"deprecated", "unsupported", "removed"}
)

// orderOf is the order of the fields at a path.
func orderOf(path []string) []string {
	switch {
	case len(path) == 0:
		return rootOrder
	case len(path) == 2:
		return entryOrder
	case len(path) == 3 && path[2] == "lifecycle":
		return dateOrder
	case len(path) == 4 && path[2] == "variants":
		return variantOrder
	}
	return nil
}
