package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"
)

// outputFlag is -o: how data is written.
type outputFlag struct{ choice }

// register adds the flag; more are formats that only this command has.
func (o *outputFlag) register(cmd *cobra.Command, more ...string) {
	o.choice = newChoice(append([]string{"table", "json", "yaml"}, more...)...)
	o.choice.register(cmd, "output", "o", "how to write it")
}

// print writes data as JSON or YAML, or else calls table.
func (o *outputFlag) print(w io.Writer, data any, table func() error) error {
	var text []byte
	var err error
	switch o.value {
	case "json":
		text, err = indented(data)
	case "yaml":
		text, err = yaml.Marshal(data)
	default:
		return table()
	}
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}

func indented(data any) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(data)
	return out.Bytes(), err
}

// printTable aligns rows below a head. Colours, where they are welcome, mark
// single words and take no room.
func printTable(std streams, head []string, rows [][]string) error {
	widths := make([]int, len(head))
	all := append([][]string{head}, rows...)
	for _, row := range all {
		for i := range row {
			row[i] = shown(row[i])
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i]))
		}
	}
	var out strings.Builder
	for _, row := range all {
		for i, cell := range row {
			padding := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+2)
			if i == len(row)-1 {
				padding = "\n"
			}
			if colour := wordColour[cell]; std.colour && colour != "" {
				cell = colour + cell + reset
			}
			out.WriteString(cell + padding)
		}
	}
	_, err := fmt.Fprint(std.out, out.String())
	return err
}
