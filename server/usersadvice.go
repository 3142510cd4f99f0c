package server

import "gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"

// usersAdvice says what would make asking for user-built images cheaper or more
// complete. It names no project, and goes by what anyone may see: whoever asks may
// read it. That private projects may not be read is in the log.
// Before its first answer nothing is known to advise on.
func usersAdvice(s resolver.SourceStatus) []string {
	advice, u := []string{}, s.Users
	switch {
	case s.LastSuccess.IsZero() || s.LastAttempt.IsZero():
	case u.Slow:
		advice = append(advice, "it is asked with a user's password, which costs it some 25 times what a robot account does: log in as a robot account")
	case u.Identity == identityAnonymous:
		advice = append(advice, "it is asked by nobody in particular, so private projects are not seen, and every repository takes a request of its own: log in as a robot account")
	}
	if u.PublicDenied > 0 {
		advice = append(advice, "projects are listed that may not be read: give the account the right artifact: list on all projects")
	}
	return advice
}

// identityAnonymous is how the status calls an account that is none.
const identityAnonymous = "anonymous"
