package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/nearest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// usage is an error about what was typed, with what to do about it.
func usage(cmd *cobra.Command, near []string, format string, args ...any) error {
	hint := fmt.Sprintf("%s --help says what there is", cmd.CommandPath())
	if len(near) > 0 {
		hint = fmt.Sprintf("did you mean %s? %s", near[0], hint)
	}
	return fault.New(fault.Usage, "", "", format, args...).WithHint("%s", hint)
}

// knownCommand refuses a command that is none.
func knownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var known []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			known = append(known, c.Name())
		}
	}
	return usage(cmd, nearest.Words(args[0], known, 1), "there is no command %q", args[0])
}

// noArguments refuses arguments, which some would expect to filter.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return usage(cmd, nil, "%s takes no arguments, and %q is one", cmd.CommandPath(), args[0])
}

// someArguments wants one argument or more.
func someArguments(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return nil
		}
		return usage(cmd, nil, "%s wants %s: %s", cmd.CommandPath(), what, cmd.UseLine())
	}
}

// oneArgument wants exactly one argument.
func oneArgument(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 1 {
			return nil
		}
		return usage(cmd, nil, "%s wants %s: %s", cmd.CommandPath(), what, cmd.UseLine())
	}
}

// flagError says what is wrong with a flag on the command line.
func flagError(cmd *cobra.Command, err error) error {
	if invalid, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		return notTaken("--"+invalid.GetFlag().Name, invalid.GetFlag(), invalid.GetValue(), invalid)
	}
	missing, ok := errors.AsType[*pflag.NotExistError](err)
	if !ok {
		return usage(cmd, nil, "%s", err)
	}
	name := missing.GetSpecifiedName()
	if missing.GetSpecifiedShortnames() != "" {
		return usage(cmd, nil, "there is no flag -%s", name)
	}
	var known []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { known = append(known, f.Name) })
	var near []string
	for _, word := range nearest.Words(name, known, 1) {
		near = append(near, "--"+word)
	}
	return usage(cmd, near, "there is no flag --%s", name)
}
