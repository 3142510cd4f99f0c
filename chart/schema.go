package chart

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/strictyaml"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/schemas"
)

// The rules that come from the schema and that other code asks about.
const (
	RuleUnknownKey = "unknown-key"
	RuleState      = "unknown-state"
	RuleNoState    = "missing-state"
	RuleSchema     = "schema"
)

// compiled is the schema that ships with this build. A chart's own schema is
// never compiled: it may refer to files and hosts, and whoever publishes a
// chart could make the server read them.
var compiled = sync.OnceValues(func() (*jsonschema.Schema, error) {
	// A whole address: a name alone would be looked for below the working
	// directory, which may be gone.
	const location = "urn:bayplan:values.schema.json"
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(schemas.ValuesSchema()))
	if err != nil {
		return nil, err
	}
	compiler := jsonschema.NewCompiler()
	compiler.UseLoader(noLoader{})
	if err := compiler.AddResource(location, document); err != nil {
		return nil, err
	}
	return compiler.Compile(location)
})

// noLoader refuses to follow a reference out of the schema.
type noLoader struct{}

func (noLoader) Load(url string) (any, error) {
	return nil, fmt.Errorf("the schema refers to %s: only references within it are followed", url)
}

// schema validates the open document and turns every failure into a finding.
func (c *checker) schema() {
	schema, err := compiled()
	if err != nil {
		c.fail(RuleSchema, nil, err.Error())
		return
	}
	err = schema.Validate(c.root.Any())
	if failure, ok := errors.AsType[*jsonschema.ValidationError](err); ok {
		c.schemaFailure(failure)
	} else if err != nil {
		c.fail(RuleSchema, nil, err.Error())
	}
}

// leniently gives the severity of what a newer catalog may hold.
func (c *checker) leniently(tolerable bool) Severity {
	if c.lenient && tolerable {
		return SeverityWarning
	}
	return SeverityError
}

// path converts the validator's location, which writes list places as digits.
func (c *checker) path(failure *jsonschema.ValidationError) strictyaml.Path {
	path, node := strictyaml.Path{}, c.root
	for _, step := range failure.InstanceLocation {
		next := strictyaml.Key(step)
		if node != nil && node.Kind == strictyaml.List {
			if i, err := strconv.Atoi(step); err == nil {
				next = strictyaml.Index(i)
			}
		}
		path = append(path, next)
		node, _, _ = c.root.Find(path)
	}
	return path
}
