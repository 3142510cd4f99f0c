package api_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/schemas"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// types pairs each schema with the Go type of the same shape.
var types = map[string]any{
	"ImagesAnswer":     api.ImagesAnswer{},
	"ImageAnswer":      api.ImageAnswer{},
	"CatalogAnswer":    api.CatalogAnswer{},
	"Health":           api.Health{},
	"Messages":         api.Messages{},
	"Error":            api.Error{},
	"Tombstone":        api.Tombstone{},
	"ImageRecord":      api.Image{},
	"Variant":          api.Variant{},
	"Link":             api.Link{},
	"Lifecycle":        api.Lifecycle{},
	"Stack":            api.Stack{},
	"Vulnerabilities":  api.Vulnerabilities{},
	"CatalogStatus":    api.Catalog{},
	"RequestedCatalog": api.Requested{},
	"RefusedCatalog":   api.Refused{},
	"Finding":          api.Finding{},
	"SourceStatus":     api.Source{},
	"SourceError":      api.SourceError{},
	"SnapshotStatus":   api.Snapshot{},
	"UsersStatus":      api.UsersStatus{},
	"Acceptance":       api.Acceptance{},
	"VersionsAnswer":   api.VersionsAnswer{},
	"Version":          api.Version{},
	"VersionName":      api.VersionName{},
	"DiffAnswer":       api.DiffAnswer{},
	"Change":           api.Change{},
	"DriftAnswer":      api.DriftAnswer{},
	"Drift":            api.Drift{},
	"DriftPrefix":      api.DriftPrefix{},

	"ResolveAnswer":     api.ResolveAnswer{},
	"ResolutionsAnswer": api.ResolutionsAnswer{},
	"Resolution":        api.Resolution{},
	"Match":             api.Match{},
	"Explanation":       api.Explanation{},
	"SpellingParts":     api.Parts{},
	"NearMiss":          api.NearMiss{},
	"ListEvent":         api.ListEvent{},
	"ImageEvent":        api.ImageEvent{},
	"SourceEvent":       api.SourceEvent{},
	"MessagesEvent":     api.MessagesEvent{},
}

// written are the schemas of what the catalog encodes itself, of what Harbor
// sends, and of a stream of events, without a type of package api.
var written = []string{"EventStream", "LegacyCatalog", "LegacyEntry", "LegacyVariant", "HarborEvent", "HarborEventData"}

func components(t *testing.T) *openapi3.Components {
	t.Helper()
	document, err := openapi3.NewLoader().LoadFromData(schemas.OpenAPIYAML())
	require.NoError(t, err)
	return document.Components
}

func TestEverySchemaHasAType(t *testing.T) {
	for name := range components(t).Schemas {
		require.True(t, types[name] != nil || slices.Contains(written, name), "schema %s has no Go type", name)
	}
}

// TestTypesEqualTheDocument holds the Go types and the document together: the
// same properties, of the same kind, and required exactly if never left out.
func TestTypesEqualTheDocument(t *testing.T) {
	declared := components(t).Schemas
	for name, value := range types {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, declared, name)
			schema := declared[name].Value
			fields := jsonFields(reflect.TypeOf(value))

			var properties, always []string
			for property, ref := range schema.Properties {
				properties = append(properties, property)
				if field, ok := fields[property]; ok {
					require.Equal(t, kindOf(field.Type), declaredKind(ref), "property %s", property)
				}
			}
			var names []string
			for field, f := range fields {
				names = append(names, field)
				if !f.leftOut {
					always = append(always, field)
				}
			}
			require.ElementsMatch(t, properties, names)
			require.ElementsMatch(t, required(t, schema), always)
		})
	}
}

// required gives what is in every complete object of a schema.
func required(t *testing.T, schema *openapi3.Schema) []string {
	t.Helper()
	extension, ok := schema.Extensions["x-required-without-fields"]
	if !ok {
		return schema.Required
	}
	var names []string
	for _, name := range extension.([]any) {
		names = append(names, name.(string))
	}
	require.Subset(t, names, schema.Required)
	return names
}

type jsonField struct {
	reflect.StructField
	leftOut bool // omitempty or omitzero
}

// jsonFields gives the fields that encoding/json writes, embedded ones too.
func jsonFields(structure reflect.Type) map[string]jsonField {
	fields := map[string]jsonField{}
	for _, field := range reflect.VisibleFields(structure) {
		tag := strings.Split(field.Tag.Get("json"), ",")
		if field.Anonymous || tag[0] == "" || tag[0] == "-" {
			continue
		}
		omitted := slices.Contains(tag, "omitempty") || slices.Contains(tag, "omitzero")
		fields[tag[0]] = jsonField{field, omitted}
	}
	return fields
}

// kindOf gives the kind of a Go type in the words of [declaredKind].
func kindOf(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return kindOf(t.Elem())
	case reflect.Slice:
		return "list of " + kindOf(t.Elem())
	case reflect.Map:
		return "map of " + kindOf(t.Elem())
	case reflect.Interface:
		return "anything"
	case reflect.Int, reflect.Int64:
		return "integer"
	case reflect.Float64:
		return "number"
	case reflect.Bool:
		return "boolean"
	case reflect.String:
		return "string"
	case reflect.Struct:
		if t.PkgPath() == "time" {
			return "time"
		}
		for name, value := range types {
			if reflect.TypeOf(value) == t {
				return "object " + name
			}
		}
	}
	return "unexpected " + t.String()
}

// declaredKind gives the kind of a schema, a named object by its name.
func declaredKind(ref *openapi3.SchemaRef) string {
	schema := ref.Value
	switch {
	case ref.Ref != "":
		return "object " + strings.TrimPrefix(ref.Ref, "#/components/schemas/")
	case schema.Type.Is("array"):
		return "list of " + declaredKind(schema.Items)
	case schema.Type.Is("object") && schema.AdditionalProperties.Schema != nil:
		return "map of " + declaredKind(schema.AdditionalProperties.Schema)
	case schema.Type.Is("object") && schema.AdditionalProperties.Has != nil:
		return "map of anything"
	case schema.Type == nil:
		return "anything"
	case schema.Format == "date-time":
		return "time"
	}
	return strings.Join(schema.Type.Slice(), "|")
}

// TestWordsAreDocumented finds each word that this package knows in the
// description of its property.
func TestWordsAreDocumented(t *testing.T) {
	declared := components(t).Schemas
	for place, words := range map[[2]string][]string{
		{"Error", "code"}: {
			api.CodeBadParameter, api.CodeRouteNotFound, api.CodeImageNotFound, api.CodeImageRemoved,
			api.CodeMethodNotAllowed, api.CodeNotAcceptable, api.CodeNotReady, api.CodeOverloaded, api.CodeInternal,
			api.CodeVersionNotFound, api.CodeVersionUnusable, api.CodeVersionUnavailable,
		},
		{"ImageRecord", "type"}:     {api.TypeStandard, api.TypeBuildservice},
		{"ImageRecord", "state"}:    {api.StateStable, api.StateBeta, api.StateDeprecated, api.StateUnknown},
		{"CatalogStatus", "source"}: {api.OriginOCI, api.OriginDirectory, api.OriginArchive, api.OriginBundled},
		{"SourceStatus", "kind"}:    {api.SourceChart, api.SourceOCI, api.SourceHarbor, api.SourceListing},
		{"SourceStatus", "status"}:  {api.SourceOK, api.SourceFailing, api.SourceUnknown},
		{"Drift", "reason"}: {
			api.DriftRepositoryMissing, api.DriftTagMissing, api.DriftDigestMissing, api.DriftTagGone,
			api.DriftTagMoved, api.DriftNotInCatalog, api.DriftFormer, api.DriftRetired,
		},
		{"DriftPrefix", "status"}: {api.PrefixOK, api.PrefixStale, api.PrefixUnknown},
		{"Health", "status"}:      {api.StatusOK},
		{"Match", "rule"}: {
			api.RuleShortName, api.RuleAlias, api.RuleReference, api.RuleVariant, api.RuleFormerly,
			api.RuleLatest, api.RuleNewest, api.RuleDigest, api.RuleTag, api.RuleUnasked,
		},
	} {
		text := declared[place[0]].Value.Properties[place[1]].Value.Description
		for _, word := range words {
			require.Contains(t, text, "`"+word+"`", "%s.%s", place[0], place[1])
		}
	}
}
