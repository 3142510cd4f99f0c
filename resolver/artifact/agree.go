package artifact

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// agreeNames refuses a chart that is another one than the reference says, or
// another version than its tag promises. A moving tag promises none.
func agreeNames(w wanted, meta Metadata) error {
	if meta.Name != w.ref.Name() {
		return fault.New(fault.Invalid, "", "", "the repository is named %q, the chart in it %q", w.ref.Name(), clip(meta.Name)).
			WithHint("the last part of the path is the chart's name")
	}
	if namesVersion(w.version) && meta.Version != w.version {
		return fault.New(fault.Invalid, "", "", "the tag says version %s, Chart.yaml %s", w.version, clip(meta.Version)).
			WithHint("somebody moved the tag: publish versions with `helm push`")
	}
	return nil
}

// agreedConfig gives the bytes of the config blob, having seen that it agrees with
// Chart.yaml: without a request where the blob is what Helm would write, by
// fetching it otherwise.
func agreedConfig(w wanted, desc ocispec.Descriptor, meta Metadata, read func(ocispec.Descriptor) ([]byte, error)) ([]byte, error) {
	expected, err := meta.configJSON()
	if err != nil {
		return nil, err
	}
	if int64(len(expected)) == desc.Size && digest.FromBytes(expected) == desc.Digest {
		return expected, nil
	}
	config, err := read(desc)
	if err != nil {
		return nil, err
	}
	if err := sameFields(config, expected); err != nil {
		return nil, sided(err, w.on)
	}
	return config, nil
}

// sameFields compares a config blob with the one made of Chart.yaml. It may lack
// fields, except name and version, and have fields that nobody here knows; what
// both say has to be the same.
func sameFields(config, expected []byte) error {
	var said, meant map[string]any
	if err := decodeStrict(config, &said); err != nil {
		return fault.New(fault.Invalid, "", "", "its config blob: %w", redact(err))
	}
	if err := json.Unmarshal(expected, &meant); err != nil {
		return fault.Wrap(fault.Internal, "", "", err)
	}
	for _, key := range []string{"name", "version"} {
		if said[key] != meant[key] {
			return fault.New(fault.Invalid, "", "", "its config blob says %s %v, Chart.yaml %v",
				key, clip(fmt.Sprint(said[key])), clip(fmt.Sprint(meant[key])))
		}
	}
	for _, key := range metadataKeys() {
		value, given := said[key]
		if given && !empty(value) && !reflect.DeepEqual(value, meant[key]) {
			return fault.New(fault.Invalid, "", "", "its config blob and Chart.yaml say different things about %s", key)
		}
	}
	return nil
}

// empty tells whether a field says as much as one that was left out.
func empty(value any) bool {
	switch value := value.(type) {
	case nil:
		return true
	case string:
		return value == ""
	case bool:
		return !value
	case []any:
		return len(value) == 0
	case map[string]any:
		return len(value) == 0
	}
	return false
}

// metadataKeys are the JSON names of [Metadata], in its order.
func metadataKeys() []string {
	var keys []string
	for field := range reflect.TypeFor[Metadata]().Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		keys = append(keys, name)
	}
	return keys
}
