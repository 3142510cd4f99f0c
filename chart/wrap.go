package chart

import (
	"fmt"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/strictyaml"
)

// wrap makes a catalog's document of a legacy one, which is what a catalog has
// below images. Each value keeps its place, so that findings show lines of the
// text that was read; their paths are a catalog's. Of the chart behind it no
// more is known than a version, perhaps.
func (s *Source) wrap(images *strictyaml.Node, problems []strictyaml.Problem) (Metadata, *strictyaml.Node, []strictyaml.Problem) {
	below := strictyaml.Keys("images")
	for i := range problems {
		if problems[i].Path != nil {
			problems[i].Path = below.With(problems[i].Path...)
		}
	}
	about := Metadata{Name: Name, Version: s.version}
	if images == nil {
		return about, nil, problems
	}
	format := &strictyaml.Node{Kind: strictyaml.Scalar, Line: images.Line, Column: images.Column, Value: fmt.Sprintf("%d.%d", FormatMajor, FormatMinor)}
	return about, &strictyaml.Node{
		Kind: strictyaml.Map, Line: images.Line, Column: images.Column,
		Fields: []strictyaml.Field{
			{Key: "formatVersion", Line: images.Line, Column: images.Column, Node: format},
			{Key: "images", Line: images.Line, Column: images.Column, Node: images},
		},
	}, problems
}
