package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

// readInput reads a file, or standard input for "-", of so many bytes at most.
// It gives the name that messages have for it.
func readInput(cmd *cobra.Command, path string, most int64) (data []byte, name string, err error) {
	if path != "-" {
		data, err = readLimited(path, most)
		return data, path, err
	}
	data, err = io.ReadAll(io.LimitReader(cmd.InOrStdin(), most+1))
	if err == nil && int64(len(data)) > most {
		err = fmt.Errorf("standard input has more than %d bytes", most)
	}
	return data, "standard input", err
}
