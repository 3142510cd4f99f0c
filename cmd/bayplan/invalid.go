package main

import (
	"errors"
	"fmt"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// tellInvalid shows what is wrong with a catalog as lint does, and what follows
// from it: "nothing was published". Other errors are given an operation, if they
// have none, and nothing is shown.
func tellInvalid(std streams, op, follows string, err error) error {
	wrong, ok := errors.AsType[*chart.InvalidError](err)
	if !ok {
		if _, known := errors.AsType[*fault.Error](err); known {
			return err
		}
		return fault.Wrap(fault.Usage, op, "", err)
	}
	for _, f := range wrong.Findings {
		fmt.Fprintln(std.err, shown(f.String()))
	}
	fmt.Fprintln(std.err, follows+": "+count(len(wrong.Findings.Errors()), "error"))
	return errFindings
}
