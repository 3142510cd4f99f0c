package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// choice is a flag that takes one of a few words; the first is the default.
type choice struct {
	value   string
	allowed []string
}

func newChoice(allowed ...string) choice { return choice{value: allowed[0], allowed: allowed} }

// register adds the flag to a command, and completes its words.
func (c *choice) register(cmd *cobra.Command, name, short, usage string) {
	cmd.Flags().VarP(c, name, short, fmt.Sprintf("%s: %s", usage, strings.Join(c.allowed, ", ")))
	completeWords(cmd, name, c.allowed...)
}

// String implements pflag.Value.
func (c *choice) String() string { return c.value }

// Type implements pflag.Value: what help calls the value.
func (c *choice) Type() string { return "WORD" }

// Set implements pflag.Value.
func (c *choice) Set(s string) error {
	if !slices.Contains(c.allowed, s) {
		return fmt.Errorf("want one of %s", strings.Join(c.allowed, ", "))
	}
	c.value = s
	return nil
}
