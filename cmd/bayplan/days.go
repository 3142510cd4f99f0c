package main

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
)

// days is a flag that takes an age: a duration as Go writes it, or days, which Go
// does not have.
type days time.Duration

const day = 24 * time.Hour

// String implements pflag.Value.
func (d *days) String() string {
	age := time.Duration(*d)
	switch {
	case age == 0:
		return ""
	case age%day == 0:
		return strconv.FormatInt(int64(age/day), 10) + "d"
	}
	return age.String()
}

// Type implements pflag.Value.
func (d *days) Type() string { return "AGE" }

// Set implements pflag.Value.
func (d *days) Set(s string) error {
	if number, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.ParseInt(number, 10, 64)
		if err != nil || n < 0 || n > math.MaxInt64/int64(day) {
			return errAge
		}
		*d = days(time.Duration(n) * day)
		return nil
	}
	age, err := time.ParseDuration(s)
	if err != nil || age < 0 {
		return errAge
	}
	*d = days(age)
	return nil
}

var errAge = errors.New("an age is wanted, for example 90d or 36h")
