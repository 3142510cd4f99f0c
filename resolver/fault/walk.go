package fault

import "time"

// HintOf gives the first advice found in err's tree, or "". The order is that
// of errors.As: an error before its cause, joined errors from the first on.
func HintOf(err error) string {
	hint := ""
	walk(err, func(e *Error) bool {
		hint = e.Hint
		return hint != ""
	})
	return hint
}

// RetryAfterOf gives how long the other side asked us to wait, or 0: the first
// such time in err's tree, in the order of [HintOf].
func RetryAfterOf(err error) time.Duration {
	var after time.Duration
	walk(err, func(e *Error) bool {
		after = e.RetryAfter
		return after > 0
	})
	return after
}

// walk shows every *Error in err's tree until visit is content, and tells
// whether it was.
func walk(err error, visit func(*Error) bool) bool {
	//nolint:errorlint // this is the walk that errors.As would make, without its end at the first find
	if e, ok := err.(*Error); ok && visit(e) {
		return true
	}
	//nolint:errorlint // see above
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		return walk(e.Unwrap(), visit)
	case interface{ Unwrap() []error }:
		for _, joined := range e.Unwrap() {
			if walk(joined, visit) {
				return true
			}
		}
	}
	return false
}
