package endpoint

import (
	"net/http"

	"golang.org/x/net/http/httpguts"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// maxShown bounds what an Authorization header may hold, in bytes. Tokens have a
// few thousand, and what is in front of registries takes 8 to 64 KiB of headers.
const maxShown = 16 << 10

// admitShown refuses to show a registry what no header can hold, or what it would
// not read. It is a token that its token service gave, and whoever keeps tokens
// would show it again and again: fault.Denied has them ask for another one.
func (r rules) admitShown(req *http.Request) error {
	const hint = "if it stays so, look at its token service, and at the credentials that are configured for it"
	switch shown := req.Header.Get("Authorization"); {
	case len(shown) > maxShown:
		return fault.New(fault.Denied, "", r.host, "the token for it has %d bytes, more than the %d that are shown to anybody", len(shown), maxShown).WithHint(hint)
	case !httpguts.ValidHeaderFieldValue(shown):
		return fault.New(fault.Denied, "", r.host, "the token for it has characters that no header can hold").WithHint(hint)
	}
	return nil
}
