package server

import "gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"

// usersReason says why the source of user-built images fails, to whoever asks.
// The error itself may name a private tool's project or the account that asks;
// it is in the log.
func usersReason(err error) string {
	switch fault.KindOf(err) {
	case fault.Denied:
		return "it does not let us ask: the account is refused, or lacks a right"
	case fault.RateLimited:
		return "it asks to come back later"
	case fault.TooLarge:
		return "it answers more than is read"
	case fault.Refused:
		return "what it answers is not believed: it lacks most of what it had"
	}
	return "it does not answer, or not as a Harbor does"
}
